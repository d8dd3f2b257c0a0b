// Writes libs/Realign.Core/Text/canonical.txt: canonical decompositions and combining classes of Unicode.
// Source of the data: the Unicode tables of the Node.js that runs this (String.prototype.normalize).
//   node tools/unicode/canonical.mjs > libs/Realign.Core/Text/canonical.txt
const hex = c => c.toString(16).toUpperCase().padStart(4, "0");
const points = s => [...s].map(ch => ch.codePointAt(0));
const hangul = c => c >= 0xac00 && c <= 0xd7a3;

// one known member of each combining class, in rising order (Unicode Character Database, DerivedCombiningClass)
const members = [
  [1, 0x334], [6, 0x16ff0], [7, 0x93c], [8, 0x3099], [9, 0x94d], [10, 0x5b0], [11, 0x5b1], [12, 0x5b2], [13, 0x5b3], [14, 0x5b4], [15, 0x5b5],
  [16, 0x5b6], [17, 0x5b7], [18, 0x5b8], [19, 0x5b9], [20, 0x5bb], [21, 0x5bc], [22, 0x5bd], [23, 0x5bf], [24, 0x5c1], [25, 0x5c2], [26, 0xfb1e],
  [27, 0x64b], [28, 0x64c], [29, 0x64d], [30, 0x64e], [31, 0x64f], [32, 0x650], [33, 0x651], [34, 0x652], [35, 0x670], [36, 0x711], [84, 0xc55],
  [91, 0xc56], [103, 0xe38], [107, 0xe48], [118, 0xeb8], [122, 0xec8], [129, 0xf71], [130, 0xf72], [132, 0xf74], [202, 0x321], [214, 0x1dce],
  [216, 0x31b], [218, 0x302a], [220, 0x316], [222, 0x59a], [224, 0x302e], [226, 0x1d16d], [228, 0x5ae], [230, 0x301], [232, 0x315], [233, 0x35c],
  [234, 0x35d], [240, 0x345]];

// two marks change places exactly when the second has the smaller, non-zero class
const swaps = (first, second) => points(("a" + String.fromCodePoint(first, second)).normalize("NFD"))[1] === second && first !== second;

function combiningClass(c) {
  if (!swaps(0x345, c) && c !== 0x345) return 0;
  for (const [value, member] of members)
    if (c === member || (!swaps(member, c) && !swaps(c, member))) return value;
  throw new Error(`no class for ${hex(c)}`);
}

const classes = [];
for (let c = 0; c < 0x110000; c++) {
  if ((c >= 0xd800 && c < 0xe000) || hangul(c)) continue;
  const text = String.fromCodePoint(c);
  const decomposed = text.normalize("NFD");
  if (decomposed !== text)
    console.log(`${text.normalize("NFC") === text ? "=" : ">"}${hex(c)} ${points(decomposed).map(hex).join(" ")}`);
  else if (/\p{M}/u.test(text)) {
    const value = combiningClass(c);
    if (value > 0) classes.push([c, value]);
  }
}
for (let i = 0; i < classes.length;) {
  let j = i;
  while (j + 1 < classes.length && classes[j + 1][0] === classes[j][0] + 1 && classes[j + 1][1] === classes[i][1]) j++;
  console.log(`#${hex(classes[i][0])} ${hex(classes[j][0])} ${classes[i][1]}`);
  i = j + 1;
}
