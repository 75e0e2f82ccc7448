const guarded = run => args => answer(() => run(args || {}));
globalThis.__helmwatch = Object.freeze({
  snapshot: guarded(snapshot),
});
