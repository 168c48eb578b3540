// Comfort only: without this script the table stands as it was written, failures first.
(() => {
  const table = document.querySelector("table.runs");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  // search: every word must occur somewhere in the line
  const find = document.querySelector(".find");
  const [field, count] = [find.querySelector("input"), find.querySelector("output")];
  find.hidden = false;
  field.addEventListener("input", () => {
    const wanted = field.value.toLocaleLowerCase().split(/\s+/);
    rows.forEach((row) => { row.hidden = !wanted.every((word) => row.textContent.toLocaleLowerCase().includes(word)); });
    count.value = `${rows.filter((row) => !row.hidden).length} / ${rows.length}`;
  });
  // sort: a click on a heading, a second one the other way round; what is not known stays last
  const key = (row, at) => row.cells[at].dataset.sort ?? row.cells[at].textContent.trim();
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((th, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const up = th.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", up ? "ascending" : "descending");
      const compare = (a, b) => {
        const [x, y] = [key(a, at), key(b, at)];
        if (x === "" || y === "") return (x === "") - (y === "");
        const order = isNaN(x) || isNaN(y) ? x.localeCompare(y, undefined, { numeric: true }) : x - y;
        return up ? order : -order;
      };
      body.append(...rows.sort(compare));
    });
  });
})();
