/* Finds the number whose SHA-256 with the salt is the challenge (ALTCHA, SHA-256).
   Written out rather than crypto.subtle: that one is missing on plain http, and slower for one block. */
"use strict";
var K = (function () {
  var found = [], candidate = 2;
  while (found.length < 64) {
    var isPrime = true;
    for (var d = 2; d * d <= candidate; d++) { if (candidate % d === 0) { isPrime = false; break; } }
    if (isPrime) { var root = Math.cbrt(candidate); found.push(((root - Math.floor(root)) * 4294967296) | 0); }
    candidate++;
  }
  return new Int32Array(found);
})();
var START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
var w = new Int32Array(64);

function block(state, bytes, at) {
  for (var i = 0; i < 16; i++) {
    w[i] = (bytes[at + 4 * i] << 24) | (bytes[at + 4 * i + 1] << 16) | (bytes[at + 4 * i + 2] << 8) | bytes[at + 4 * i + 3];
  }
  for (i = 16; i < 64; i++) {
    var x = w[i - 15], y = w[i - 2];
    w[i] = (w[i - 16] + w[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10)) | 0;
  }
  var a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (i = 0; i < 64; i++) {
    var t = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i] + w[i]) | 0;
    var u = (((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c)) | 0;
    h = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

onmessage = function (event) {
  var challenge = event.data, salt = challenge.salt, length = salt.length;
  var bytes = new Uint8Array(256), state = new Int32Array(8), wanted = new Int32Array(8);
  for (var i = 0; i < 8; i++) { wanted[i] = parseInt(challenge.challenge.substr(8 * i, 8), 16) | 0; }
  if (challenge.algorithm !== "SHA-256" || length > 180) { postMessage(null); return; }
  for (i = 0; i < length; i++) { bytes[i] = salt.charCodeAt(i); }
  for (var number = 0; number <= challenge.maxnumber; number++) {
    var digits = String(number), total = length + digits.length;
    for (i = 0; i < digits.length; i++) { bytes[length + i] = digits.charCodeAt(i); }
    var blocks = (total + 9 + 63) >> 6, end = blocks << 6;
    bytes.fill(0, total, end);
    bytes[total] = 128;
    bytes[end - 2] = (total * 8) >>> 8;
    bytes[end - 1] = (total * 8) & 255;
    for (i = 0; i < 8; i++) { state[i] = START[i]; }
    for (i = 0; i < blocks; i++) { block(state, bytes, 64 * i); }
    for (i = 0; i < 8 && state[i] === wanted[i]; i++) { /* compare */ }
    if (i === 8) { postMessage(number); return; }
  }
  postMessage(null);
};
