// A heading that is pressed sorts its table by that column; pressed again, it turns the order round.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const turn = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
      const number = (row) => Number(row.cells[column].dataset.sort);
      const text = (row) => row.cells[column].textContent;
      const isNumeric = "sort" in body.rows[0].cells[column].dataset;
      const order = (a, b) => (isNumeric ? number(a) - number(b) : text(a).localeCompare(text(b)));
      body.append(...[...body.rows].sort((a, b) => turn * order(a, b)));
    });
  });
}
