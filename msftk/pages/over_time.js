// Words to touch, a recording over time, and predictions over time.
function washes(words) {  // one a word: the more stressed, the stronger
  const scores = words.map(word => word.score), low = Math.min(...scores), span = Math.max(...scores) - low;
  return scores.map(score => `color-mix(in srgb, var(--stress) ${span > 0 ? Math.round(55 * (score - low) / span) : 0}%, transparent)`);
}
function wordsRow(parent, emphasis, touched) {  // `emphasis` as `msftk emphasis --json` tells it
  const row = add(parent, "div", "", "touched"), {first, last} = emphasis.segment, shades = washes(emphasis.words);
  emphasis.words.forEach((word, k) => {
    const button = add(row, "button", word.word, [k >= first && k <= last ? "segment" : "", word.emphasised ? "top" : ""].join(" ").trim());
    button.style.background = shades[k];
    button.title = `score ${fixed(word.score)}, ${fixed(word.start_s)} to ${fixed(word.end_s)} s`;
    button.addEventListener("click", () => touched(word, k));
  });
  return row;
}

function seconds(drawn, at, duration_s, y) {  // marks of a time axis
  const step = [.5, 1, 2, 5, 10, 30, 60, 300, 600].find(one => duration_s / one <= 8) || 3600;
  for (let s = 0; s <= duration_s; s += step) draw(drawn, "text", {x: at(s), y, class: "soft", "text-anchor": s ? "middle" : "start"}, `${s} s`);
}
function beneath(drawn, words, at, width, y, touched) {  // each word under its time, in as many lines as they need
  const ends = [];
  words.forEach((word, k) => {
    const made = draw(drawn, "text", {x: 0, y, class: "touch"}, word.word), long = made.getComputedTextLength();
    const x = Math.max(0, Math.min(width - long, (at(word.start_s) + at(word.end_s) - long) / 2));
    let line = ends.findIndex(end => end + 5 < x);
    if (line < 0) line = ends.length;
    ends[line] = x + long;
    made.setAttribute("x", x.toFixed(1));
    made.setAttribute("y", y + 15 * line);
    if (touched) made.addEventListener("click", () => touched(word, k));
  });
  return 15 * ends.length;
}
function soundOverTime(parent, curves, emphasis, touched) {  // waveform, log-F0 and energy; words where they are known
  const width = widthOf(parent, 928), height = 290, at = s => s / curves.duration_s * width, words = emphasis ? emphasis.words : [];
  const drawn = picture(parent, width, height, "waveform, log-F0 and energy over time"), shades = washes(words);
  words.forEach((word, k) => {
    const shade = draw(drawn, "rect", {x: at(word.start_s), y: 0, width: Math.max(0, at(word.end_s) - at(word.start_s)), height, style: `fill:${shades[k]}`});
    if (touched) { shade.classList.add("touch"); shade.addEventListener("click", () => touched(word, k)); }
  });
  if (emphasis) {
    const {start_s, end_s} = emphasis.segment;
    draw(drawn, "rect", {x: at(start_s) + 1, y: 1, width: Math.max(0, at(end_s) - at(start_s) - 2), height: height - 2, style: "fill:none;stroke:var(--stress);stroke-width:2"});
  }
  const line = (d, colour, thick) => draw(drawn, "path", {d, style: `stroke:var(--${colour});stroke-width:${thick};fill:none;pointer-events:none`});
  const x = k => at(k * curves.step_s).toFixed(1);
  const largest = Math.max(1e-4, ...curves.high, ...curves.low.map(value => -value));
  line(curves.high.map((high, k) => `M${x(k)} ${(55 - 45 * high / largest).toFixed(1)}V${(55.5 - 45 * curves.low[k] / largest).toFixed(1)}`).join(""), "ink", 1);
  const voiced = curves.log_f0.filter(value => value !== null);
  if (voiced.length) {
    const low = Math.min(...voiced), high = Math.max(...voiced), span = Math.max(high - low, .1);
    let path = "", down = false;
    curves.log_f0.forEach((value, k) => { if (value !== null) path += `${down ? "L" : "M"}${x(k)} ${(190 - 70 * (value - low) / span).toFixed(1)}`; down = value !== null; });
    line(path, "pitch", 2);
    draw(drawn, "text", {x: 4, y: 116, class: "soft"}, `F0 ${Math.round(Math.exp(low))} to ${Math.round(Math.exp(high))} Hz`);
  }
  const loudest = Math.max(1e-4, ...curves.energy);
  line(curves.energy.map((value, k) => `${k ? "L" : "M"}${x(k + 1)} ${(285 - 70 * value / loudest).toFixed(1)}`).join(""), "energy", 2);
  draw(drawn, "text", {x: 4, y: 212, class: "soft"}, "energy, to the loudest");
  const below = beneath(drawn, words, at, width, height + 14, touched) + 18;
  seconds(drawn, at, curves.duration_s, height + below);
  drawn.setAttribute("height", height + below + 6);
  drawn.setAttribute("viewBox", `0 0 ${width} ${height + below + 6}`);
  return drawn;
}
function trace(parent, windows, attributes, scale) {  // values over time; `windows` as `msftk predict --window --json` tells them
  const width = widthOf(parent, 928), height = 200, edge = 34, last_s = Math.max(...windows.map(one => one.end_s));
  const [low, high] = holding(scale, windows.flatMap(one => attributes.map(name => one[name])));
  const at = s => edge + s / last_s * (width - edge - 4), y = value => height - (value - low) / (high - low) * (height - 24);
  const drawn = picture(parent, width, height + 22, `${attributes.join(", ")} over time`);
  for (const value of [scale[0], (scale[0] + scale[1]) / 2, scale[1]]) {
    draw(drawn, "line", {x1: edge, x2: width, y1: y(value), y2: y(value), style: "stroke:var(--line)"});
    draw(drawn, "text", {x: 0, y: y(value) + 4, class: "soft"}, String(value));
  }
  attributes.forEach((name, a) => {
    const points = windows.map(one => `${at((one.start_s + one.end_s) / 2).toFixed(1)},${y(one[name]).toFixed(1)}`);
    draw(drawn, "polyline", {points: points.join(" "), style: `stroke:var(--${name});stroke-width:2;fill:none`});
    for (const point of points) draw(drawn, "circle", {cx: point.split(",")[0], cy: point.split(",")[1], r: 3, style: `fill:var(--${name})`});
    draw(drawn, "text", {x: edge + 90 * a, y: 14, style: `fill:var(--${name})`}, name);
  });
  seconds(drawn, at, last_s, height + 18);
  return drawn;
}
