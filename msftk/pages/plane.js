// The plane of valence and arousal: points, or arrows from where a prediction lies, each named where there is room.
function freeSpot(taken, x, y, width, height, away, size) {  // the nearest room for a label around a point, or none
  for (let far = 6; far < size / 2; far += 6) for (const turn of [0, .5, -.5, 1, -1, 1.6, -1.6, 2.3, -2.3, 3.1]) {
    const cx = x + Math.cos(away + turn) * (far + width / 2), cy = y + Math.sin(away + turn) * (far + height / 2);
    const box = [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
    const inside = box[0] >= 0 && box[1] >= 0 && box[2] <= size && box[3] <= size;
    if (inside && taken.every(one => box[2] <= one[0] || one[2] <= box[0] || box[3] <= one[1] || one[3] <= box[1])) return {box, far};
  }
  return null;
}
function plane(parent, heading, points, {origin = null, reach = null, scale = null} = {}) {
  // `points`: {name, values, strong}, arrows from `origin` where there is one; `reach`: how far the axes go, by attribute
  const box = add(parent, "div");
  if (heading) add(box, "h3", heading);
  const size = widthOf(box, 360), edge = 26, room = size - 2 * edge, all = [...points.map(one => one.values), ...(origin ? [origin] : [])];
  const bounds = name => {
    const values = all.map(one => one[name]);
    if (scale) return holding(scale, values);
    const middle = (Math.min(...values) + Math.max(...values)) / 2;
    const half = Math.max(reach ? reach[name] : 0, (Math.max(...values) - Math.min(...values)) / 2, .025) * 1.3;
    return [middle - half, middle + half];
  };
  const [x0, x1] = bounds("valence"), [y0, y1] = bounds("arousal");
  const x = value => edge + room * (value - x0) / (x1 - x0), y = value => size - edge - room * (value - y0) / (y1 - y0);
  const drawn = picture(box, size, size, heading || "valence and arousal");
  draw(drawn, "rect", {x: edge, y: edge, width: room, height: room, style: "fill:none;stroke:var(--line)"});
  draw(drawn, "text", {x: edge, y: size - edge + 16, class: "soft"}, `valence ${fixed(x0)} to ${fixed(x1)}`);
  draw(drawn, "text", {x: edge, y: edge - 8, class: "soft"}, `arousal ${fixed(y0)} to ${fixed(y1)}`);
  const spots = points.map(one => ({...one, x: x(one.values.valence), y: y(one.values.arousal), colour: one.strong ? "var(--stress)" : "var(--pitch)"}));
  const start = origin ? {x: x(origin.valence), y: y(origin.arousal)} : null, middle = start || {x: size / 2, y: size / 2};
  const far = spot => Math.hypot(spot.x - middle.x, spot.y - middle.y);
  const taken = [...spots, ...(start ? [start] : [])].map(spot => [spot.x - 4, spot.y - 4, spot.x + 4, spot.y + 4]);
  taken.push([0, 0, size, edge - 4], [0, size - edge + 2, size, size]);
  for (const spot of spots) {
    if (start) arrow(drawn, start, spot);
    else draw(drawn, "circle", {cx: spot.x, cy: spot.y, r: 4, style: `fill:${spot.colour}`});
  }
  if (start) draw(drawn, "circle", {cx: start.x, cy: start.y, r: 4, style: "fill:var(--ink)"});
  let unnamed = 0;
  for (const spot of spots.filter(one => one.name).sort((one, other) => far(other) - far(one))) {
    const label = draw(drawn, "text", {x: 0, y: 0, "text-anchor": "middle"}, spot.name);
    const found = freeSpot(taken, spot.x, spot.y, label.getComputedTextLength() + 4, 14, Math.atan2(spot.y - middle.y, spot.x - middle.x), size);
    if (!found) { label.remove(); unnamed += 1; continue; }
    const [left, top, right, bottom] = found.box;
    label.setAttribute("x", (left + right) / 2);
    label.setAttribute("y", bottom - 3);
    if (found.far > 12) draw(drawn, "line", {x1: spot.x, y1: spot.y, x2: Math.max(left, Math.min(right, spot.x)), y2: Math.max(top, Math.min(bottom, spot.y)), style: "stroke:var(--soft);stroke-width:.6"});
    taken.push(found.box);
  }
  if (unnamed) add(box, "p", `Not named for want of room: ${unnamed}. The table has all.`, "note");
  return drawn;
}
function arrow(drawn, from, to) {
  const long = Math.hypot(to.x - from.x, to.y - from.y), turn = Math.atan2(to.y - from.y, to.x - from.x), style = `stroke:${to.colour};fill:${to.colour}`;
  draw(drawn, "line", {x1: from.x, y1: from.y, x2: to.x, y2: to.y, style: `${style};stroke-width:1.5`});
  if (long < 6) { draw(drawn, "circle", {cx: to.x, cy: to.y, r: 2.5, style}); return; }
  const wing = side => `${(to.x - 8 * Math.cos(turn + side)).toFixed(1)},${(to.y - 8 * Math.sin(turn + side)).toFixed(1)}`;
  draw(drawn, "polygon", {points: `${to.x.toFixed(1)},${to.y.toFixed(1)} ${wing(.4)} ${wing(-.4)}`, style});
}
