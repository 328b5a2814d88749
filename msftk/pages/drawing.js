"use strict";
// What pages are drawn with: numbers as text, elements, tables.
const SVG = "http://www.w3.org/2000/svg";

function fixed(value, signed = false) {  // never "-0.00"; a dash where it is undefined
  if (value === null || value === undefined) return "–";
  const text = value.toFixed(2).replace(/^-(0\.00)$/, "$1");
  return signed && !text.startsWith("-") ? "+" + text : text;
}
const signed = value => fixed(value, true);

function add(parent, name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  parent.append(made);
  return made;
}
function draw(parent, name, facts, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(facts)) made.setAttribute(key, value);
  made.textContent = text;
  parent.append(made);
  return made;
}
function picture(parent, width, height, label) {
  return draw(parent, "svg", {viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label, class: "drawn"});
}
function holding([low, high], values) {  // a scale, and what is predicted beyond it
  return [Math.min(low, ...values), Math.max(high, ...values)];
}
function widthOf(parent, most) {  // letters keep their size: what is drawn is as wide as there is room
  return Math.max(280, Math.min(most, parent.clientWidth || most));
}
function table(parent, headings, rows) {  // a cell is a text, or what fills it
  const made = add(add(parent, "div", "", "box"), "table"), first = add(made, "tr");
  headings.forEach((one, k) => add(first, "th", one, k ? "number" : ""));
  for (const row of rows) {
    const line = add(made, "tr");
    row.forEach((one, k) => typeof one === "function" ? one(add(line, "td")) : add(line, "td", one, k ? "number" : ""));
  }
  return made;
}
