// Server-sent events over fetch: EventSource can neither POST nor send an Authorization header.

const SILENCE_MILLISECONDS = 60_000; // the server sends a comment as heartbeat well within this time

/** Yields { event, data } until the stream ends. Throws when nothing, not even a heartbeat, arrives for a minute. */
export async function* events(response, signal) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  try {
    while (!signal.aborted) {
      const { done, value } = await within(reader.read(), SILENCE_MILLISECONDS);
      if (done) return;
      buffer += decoder.decode(value, { stream: true });
      const blocks = buffer.split(/\r?\n\r?\n/);
      buffer = blocks.pop();
      for (const block of blocks) {
        const message = parse(block);
        if (message) yield message;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parse(block) {
  let event = "message";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  const empty = event === "message" && !data.length; // only comments: a heartbeat
  return empty ? null : { event, data: data.join("\n") };
}

function within(promise, milliseconds) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("the stream fell silent")), milliseconds);
  });
  return Promise.race([promise, silence]).finally(() => clearTimeout(timer));
}
