// Sound to touch: decoded when it is first asked for, a word played to the sample, sentences cut as the model heard them.
const decoded = {};
let context = null, playing = null;

function heardBy(rate) {  // called within a touch: no browser sounds without one
  if (!context) context = new AudioContext({sampleRate: rate});
  context.resume();
  return context;
}
function samplesOf(name, source, rate) {  // of a data address, once
  const bytes = () => Uint8Array.from(atob(source.slice(source.indexOf(",") + 1)), one => one.charCodeAt(0)).buffer;
  return decoded[name] ||= heardBy(rate).decodeAudioData(bytes()).then(found => found.getChannelData(0));
}
function joined(takes, pieces, fade) {  // each take fades into the next one over its first `fade` samples
  const made = new Float32Array(pieces.reduce((sum, one) => sum + one.last - one.first, 0));
  let begin = 0, before = null;
  for (const piece of pieces) {
    made.set(takes[piece.take].subarray(piece.first, piece.last), begin);
    if (before) {
      const tail = takes[before.take].subarray(before.last, before.last + Math.min(fade, piece.last - piece.first));
      for (let k = 0; k < tail.length; k++) { const rise = (k + .5) / tail.length; made[begin + k] = tail[k] * (1 - rise) + made[begin + k] * rise; }
    }
    begin += piece.last - piece.first;
    before = piece;
  }
  return made;
}
function playSamples(samples, rate, button) {  // one at a time; its button is marked meanwhile
  if (playing) playing.stop();
  if (!samples.length) return;
  const buffer = heardBy(rate).createBuffer(1, samples.length, rate), node = context.createBufferSource();
  buffer.copyToChannel(samples, 0);
  node.buffer = buffer;
  node.connect(context.destination);
  node.onended = () => { button.classList.remove("playing"); if (playing === node) playing = null; };
  button.classList.add("playing");
  playing = node;
  node.start();
}
