// Both sides look at a page that has come to rest: loaded, and unchanged for a moment; one that never rests is looked at anyway.
() => new Promise(done => {
  const MOMENT_MS = 100;
  const LIMIT_MS = 3000;
  let timer;
  const end = () => {
    watch.disconnect();
    clearTimeout(timer);
    clearTimeout(limit);
    done(true);
  };
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(end, MOMENT_MS);
  };
  const watch = new MutationObserver(restart);
  watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  const limit = setTimeout(end, LIMIT_MS);
  restart();
})
