// One script per isolated world; a second injection keeps the first, with its refs.
if (globalThis.__helmwatch) return;
