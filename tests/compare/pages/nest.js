// Frames in frames, five deep, in turns of this site and the other one; beside each a button.
const level = Number(new URLSearchParams(location.search).get('level'));
document.body ??= document.createElement('body');
const button = document.createElement('button');
button.textContent = `Press ${level}`;
document.body.append(button);
if (level < 5) {
  const other = location.hostname === 'localhost' ? '127.0.0.1' : 'localhost';
  const frame = document.createElement('iframe');
  const next = new URL(location.href);
  next.hostname = level % 2 ? location.hostname : other;
  next.pathname = next.pathname.replace('frames_nested', 'nested_level');
  next.search = `?level=${level + 1}`;
  frame.title = `Level ${level + 1}`;
  frame.width = 700 - 80 * level;
  frame.height = 500 - 70 * level;
  frame.src = next;
  document.body.append(frame);
}
document.body.append(Object.assign(document.createElement('p'), { textContent: `End of ${level}` }));
