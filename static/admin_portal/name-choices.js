/* Select2 draws a box of its own over a choice and gives it no name. It is called as its label. */
(() => {
    const nameOf = (select) => {
        const label = select.labels?.[0];
        const text = (label?.textContent || select.getAttribute("aria-label") || "").replace("*", "");
        return text.trim().replace(/\s+/g, " ");
    };

    const nameBox = (box) => {
        const select = box.previousElementSibling;
        const name = select instanceof HTMLSelectElement ? nameOf(select) : "";
        if (!name) {
            return;
        }
        const shown = box.querySelector(".select2-selection__rendered");
        const selection = box.querySelector(".select2-selection");
        const chosen = select.multiple ? "" : select.selectedOptions[0]?.textContent.trim();
        selection?.removeAttribute("aria-labelledby");
        selection?.setAttribute("aria-label", chosen ? `${name}: ${chosen}` : name);
        selection?.setAttribute("aria-controls", `select2-${select.id}-results`);
        if (shown?.getAttribute("role") === "textbox") {
            shown.setAttribute("aria-label", name);
        }
        box.querySelector(".select2-search__field")?.setAttribute("aria-label", name);
    };

    /* The list that opens hangs at the end of the page; its id tells whose it is. */
    const nameList = (list) => {
        const id = list.querySelector(".select2-results__options")?.id ?? "";
        const select = document.getElementById(id.replace(/^select2-/, "").replace(/-results$/, ""));
        const name = select instanceof HTMLSelectElement ? nameOf(select) : "";
        if (name) {
            list.querySelector(".select2-results__options").setAttribute("aria-label", name);
            list.querySelector(".select2-search__field")?.setAttribute("aria-label", name);
        }
    };

    const nameAll = (root) => {
        root.querySelectorAll(".select2-container:not(.select2-container--open) > .selection").forEach(
            (selection) => nameBox(selection.parentElement),
        );
        root.querySelectorAll(".select2-dropdown").forEach(nameList);
    };

    document.addEventListener("DOMContentLoaded", () => {
        nameAll(document);
        new MutationObserver((changes) => {
            for (const { addedNodes } of changes) {
                for (const node of addedNodes) {
                    if (node instanceof HTMLElement && node.closest("[class*='select2']")) {
                        nameAll(node.parentElement ?? node);
                    }
                }
            }
        }).observe(document.body, { childList: true, subtree: true });
        document.addEventListener("change", (event) => {
            const box = event.target.nextElementSibling;
            if (box?.classList.contains("select2-container")) {
                nameBox(box);
            }
        });
        window.django?.jQuery(document).on("change", "select", ({ target }) => {
            if (target.nextElementSibling?.classList.contains("select2-container")) {
                nameBox(target.nextElementSibling);
            }
        });
    });
})();
