// The page: contents at the side, the operations of one tag at a time or what is looked for.

import { tags } from "./document.js";
import { el, prose } from "./dom.js";
import { operationView } from "./operation.js";

const page = document.querySelector("#page");
const contents = document.querySelector("#contents");
const find = document.querySelector("#find");

const response = await fetch("/openapi.json");
const api = await response.json();
const groups = tags(api);

function showContents() {
  const shown = decodeURIComponent(location.hash.slice(1));
  const wanted = find.value.trim().toLowerCase();
  const isWanted = (each) =>
    [each.operationId, each.summary, each.path].some((text) => text.toLowerCase().includes(wanted));
  contents.replaceChildren(
    ...groups
      .map(({ name, operations }) => ({ name, operations: operations.filter(isWanted) }))
      .filter(({ operations }) => operations.length)
      .map(({ name, operations }) => {
        const isShown = operations.some((each) => each.operationId === shown);
        return contentsOf(name, operations, isShown || wanted !== "");
      }),
  );
}

function contentsOf(name, operations, open) {
  const items = operations.map((each) =>
    el(
      "li",
      {},
      el(
        "a",
        { href: `#${each.operationId}` },
        el(`span.method.${each.method}`, {}, each.method),
        each.summary,
      ),
    ),
  );
  return el("details", { open }, el("summary", {}, name), el("ul", {}, items));
}

function showPage() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const group = groups.find(({ operations }) =>
    operations.some((each) => each.operationId === wanted),
  );
  page.replaceChildren(...(group ? tagView(group) : overview()));
  page.removeAttribute("aria-busy");
  document.getElementById(wanted)?.scrollIntoView();
}

function tagView({ name, operations }) {
  return [el("h2", {}, name), ...operations.map((each) => operationView(api, each))];
}

function overview() {
  const total = groups.reduce((sum, { operations }) => sum + operations.length, 0);
  return [
    el("h2", {}, api.info.title),
    ...prose(api.info.description),
    el("p", {}, `${total} operations; the document is at `, el("a", { href: "/openapi.json" }, "/openapi.json"), "."),
    ...groups.map(({ name, operations }) =>
      el(
        "section",
        {},
        el("h3", {}, name),
        el(
          "ul",
          {},
          operations.map((each) =>
            el("li", {}, el("a", { href: `#${each.operationId}` }, each.summary)),
          ),
        ),
      ),
    ),
  ];
}

find.addEventListener("input", showContents);
addEventListener("hashchange", show);
show();

function show() {
  showContents();
  showPage();
}
