// SHA-256 (FIPS 180-4), for values that must not leave the page. `crypto.subtle` exists only in secure contexts and answers later; a
// fingerprint must be taken at once, on any page, and a hostile page must not be able to craft a second form with the same one.

/** The constants of section 4.2.2 and the start of 5.3.3; made when the first secret is hashed, which few pages have. */
let shaConstants = null;
const shaPrimes = () => {
  const fraction = number => ((number - Math.floor(number)) * 0x100000000) | 0;
  const made = { start: [], k: [] };
  for (let candidate = 2; made.k.length < 64; candidate++) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) prime = false;
    if (!prime) continue;
    if (made.start.length < 8) made.start.push(fraction(Math.sqrt(candidate)));
    made.k.push(fraction(Math.cbrt(candidate)));
  }
  return made;
};

const sha256 = text => {
  const { start, k } = shaConstants ??= shaPrimes();
  const input = new TextEncoder().encode(text);
  const blocks = ((input.length + 8) >> 6) + 1;
  const bytes = new Uint8Array(blocks * 64);
  bytes.set(input);
  bytes[input.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(input.length / 0x20000000));
  view.setUint32(bytes.length - 4, (input.length << 3) >>> 0);
  const hash = start.slice();
  const words = new Int32Array(64);
  const turn = (word, by) => (word >>> by) | (word << (32 - by));
  for (let offset = 0; offset < bytes.length; offset += 64) {
    for (let at = 0; at < 16; at++) words[at] = view.getInt32(offset + at * 4);
    for (let at = 16; at < 64; at++) {
      const a = words[at - 15];
      const b = words[at - 2];
      words[at] = (words[at - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + words[at - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let at = 0; at < 64; at++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[at] + words[at]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0;
      d = c; c = b; b = a; a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => { hash[at] = (hash[at] + word) | 0; });
  }
  return hash.map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
};
