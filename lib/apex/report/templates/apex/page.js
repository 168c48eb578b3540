// Comfort only: without this script everything can still be read, folded out and followed.
(() => {
  // one switch for all code
  const toggle = document.querySelector(".code-toggle");
  const code = document.querySelectorAll("details.code");
  if (toggle) {
    toggle.addEventListener("click", () => {
      const open = toggle.getAttribute("aria-pressed") !== "true";
      toggle.setAttribute("aria-pressed", open);
      code.forEach((part) => { part.open = open; });
      document.body.classList.toggle("shows-code", open);
    });
  }
  // contents: mark the section being read
  const links = new Map([...document.querySelectorAll(".toc a")].map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
  const heads = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const mark = () => {
    // over the last screen the line goes down to the foot, so that short last sections have their turn as well
    const left = document.documentElement.scrollHeight - innerHeight - scrollY;
    const line = Math.max(Math.min(innerHeight / 4, 180), scrollY > 0 ? innerHeight - left : 0);
    const read = heads.filter((h) => h.getBoundingClientRect().top <= line);
    const now = (read[read.length - 1] || heads[0]).id;
    links.forEach((a, id) => (id === now ? a.setAttribute("aria-current", "true") : a.removeAttribute("aria-current")));
  };
  if (heads.length) { addEventListener("scroll", mark, { passive: true }); mark(); }
  // tables: a click on a heading sorts, a second one the other way round
  const units = { k: 1e3, M: 1e6, bn: 1e9, 万: 1e4, 亿: 1e8 };
  const value = (cell) => {
    const text = cell.textContent.trim();
    const number = /^<?[+−-]?[^\d\s.]?([\d,]*\.?\d+)\s?(k|M|bn|万|亿|%)?(?!\S)/.exec(text);
    if (number) return (/^[^\d]*[−-]/.test(text) ? -1 : 1) * number[1].replaceAll(",", "") * (units[number[2]] || 1);
    return /^[A-Z][a-z]{2} \d+, \d{4}$/.test(text) ? Date.parse(text) : text;
  };
  const inWords = (a, b) => a.localeCompare(b, document.documentElement.lang, { numeric: true });
  const byValue = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b
      : typeof a !== typeof b ? (typeof a === "number" ? -1 : 1) : inWords(a, b);
  // cells of one value are told apart by their words: a crowd may be called "2 Adults Kids"
  const compare = (a, b) => byValue(value(a), value(b)) || inWords(a.textContent, b.textContent);
  document.querySelectorAll("main table:not(.matrix)").forEach((table) => {
    const heads = [...table.querySelectorAll("thead tr:only-child > th")];
    const body = table.tBodies[0];
    if (!body || body.rows.length < 3 || [...body.rows].some((row) => row.cells.length !== heads.length)) return;
    heads.filter((th) => th.textContent.trim()).forEach((th) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener("click", () => {
        const up = th.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        th.setAttribute("aria-sort", up ? "ascending" : "descending");
        const at = heads.indexOf(th);
        const rows = [...body.rows].sort((a, b) => (up ? 1 : -1) * compare(a.cells[at], b.cells[at]));
        body.append(...rows.filter((row) => !row.matches(".total")), ...rows.filter((row) => row.matches(".total")));
      });
    });
  });
  // on paper nothing is folded but code
  addEventListener("beforeprint", () => document.querySelectorAll("details.provenance").forEach((d) => { d.open = true; }));
})();
