// Takes away the text that ::before and ::after would draw in parts of the page that are not drawn. The peer reads it, we do not.
() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('[data-undrawn]::before, [data-undrawn]::after { content: none !important }');
  const roots = [document];
  for (let root; (root = roots.pop());) {
    root.adoptedStyleSheets.push(sheet);
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot) roots.push(element.shadowRoot);
      if (!element.checkVisibility()) element.dataset.undrawn = '';
    }
  }
  return true;
}
