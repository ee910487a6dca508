"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const svg = document.querySelector("#picture > svg");
  const aside = document.querySelector("aside");
  const start = [...aside.childNodes];
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const byId = new Map(data.nodes.map((node) => [node.id, node]));
  const groups = new Map([...svg.querySelectorAll(".node")].map((g) => [g.dataset.node, g]));
  const edges = [...svg.querySelectorAll(".edge")];
  let chosen = null;

  const neighbours = (id, from, to) =>
    [...new Set(data.edges.filter((edge) => edge[from] === id).map((edge) => edge[to]))];

  // Everything that can be reached from a node one way, and the node itself.
  const reach = (id, from, to) => {
    const seen = new Set([id]);
    for (const each of seen) neighbours(each, from, to).forEach((next) => seen.add(next));
    return seen;
  };

  const light = (nodes, isLit) => {
    svg.classList.add("focused");
    groups.forEach((group, id) => group.classList.toggle("lit", nodes.has(id)));
    edges.forEach((edge) => edge.classList.toggle("lit", isLit(edge.dataset.from, edge.dataset.to)));
  };

  const lightAround = (id) => {
    const before = reach(id, "to", "from");
    const after = reach(id, "from", "to");
    const within = (set, a, b) => set.has(a) && set.has(b);
    light(new Set([...before, ...after]), (a, b) => within(before, a, b) || within(after, a, b));
  };

  const rest = () => {
    if (chosen) return lightAround(chosen);
    if (search.value.trim()) return lightFound();
    svg.classList.remove("focused");
  };

  const element = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  };

  // A paragraph; what stands in backticks as code.
  const paragraph = (text) => {
    const made = element("p");
    text.split("`").forEach((part, number, all) => {
      const closed = number % 2 && number < all.length - 1;
      made.append(closed ? element("code", part) : number % 2 ? `\`${part}` : part);
    });
    return made;
  };

  const links = (title, ids) => {
    if (!ids.length) return [];
    const list = element("ul", undefined, "links");
    ids.forEach((id) => {
      const button = element("button", byId.get(id).name);
      button.type = "button";
      button.addEventListener("click", () => choose(id, true));
      const item = element("li");
      item.append(button);
      list.append(item);
    });
    return [element("h3", title), list];
  };

  const show = (id) => {
    const node = byId.get(id);
    const severity = node.severity ? [`severity ${node.severity}`] : [];
    const told = [node.kind, ...severity, ...(node.marks || []), ...(node.tags || [])].join(" · ");
    const parts = [element("h2", node.name), element("p", told, "kind")];
    (node.about || []).forEach((text) => parts.push(paragraph(text)));
    if (node.text) parts.push(element("h3", "as written"), element("pre", node.text));
    if (node.place) parts.push(element("p", node.place, "kind"));
    const inside = document.getElementById(`inside-${id}`);
    if (inside) {
      const frame = element("div", undefined, "inside");
      frame.append(inside.content.cloneNode(true));
      parts.push(element("h3", "inside"), frame);
    }
    parts.push(...links("from", neighbours(id, "to", "from")), ...links("to", neighbours(id, "from", "to")));
    aside.replaceChildren(...parts);
    aside.scrollTop = 0;
  };

  const choose = (id, scroll) => {
    groups.forEach((group, other) => group.classList.toggle("chosen", other === id));
    chosen = id;
    if (id) {
      show(id);
      if (scroll) groups.get(id).scrollIntoView({ block: "center", inline: "center" });
    } else {
      aside.replaceChildren(...start);
    }
    rest();
  };

  const matching = () => {
    const word = search.value.trim().toLowerCase();
    const text = (node) => [node.name, ...(node.about || []), ...(node.tags || []), node.text || ""].join("\n");
    return word ? data.nodes.filter((node) => text(node).toLowerCase().includes(word)) : [];
  };

  const lightFound = () => {
    const ids = new Set(matching().map((node) => node.id));
    light(ids, () => false);
  };

  search.addEventListener("input", () => {
    choose(null);
    found.textContent = search.value.trim() ? `${matching().length} found` : "";
  });
  search.addEventListener("keydown", (event) => {
    const [first] = matching();
    if (event.key === "Enter" && first) choose(first.id, true);
  });

  groups.forEach((group, id) => {
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "button");
    group.addEventListener("pointerenter", () => lightAround(id));
    group.addEventListener("pointerleave", rest);
    group.addEventListener("click", (event) => {
      event.stopPropagation();
      choose(chosen === id ? null : id, false);
    });
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(id, false);
    });
  });
  document.getElementById("picture").addEventListener("click", () => choose(null));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    search.value = "";
    found.textContent = "";
    choose(null);
  });

  const width = svg.viewBox.baseVal.width;
  const height = svg.viewBox.baseVal.height;
  const pane = document.getElementById("picture");
  let scale = 1;
  const zoom = (to) => {
    scale = Math.min(4, Math.max(0.1, to));
    svg.setAttribute("width", String(width * scale));
    svg.setAttribute("height", String(height * scale));
  };
  const fit = () => zoom(Math.min(1, (pane.clientWidth - 4) / width, (pane.clientHeight - 4) / height));
  document.getElementById("smaller").addEventListener("click", () => zoom(scale / 1.25));
  document.getElementById("larger").addEventListener("click", () => zoom(scale * 1.25));
  document.getElementById("fit").addEventListener("click", fit);
  zoom(Math.max(0.7, Math.min(1, (pane.clientWidth - 4) / width)));
  const id = location.hash.slice(1);
  if (byId.has(id)) choose(id, true);
})();
