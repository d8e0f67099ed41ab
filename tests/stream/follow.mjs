// Follows a stream with the npm package `eventsource` and prints what its user sees, a line an event.
// It never calls `close`: it waits until the package has given up by itself. The package's timer for
// coming back keeps no process alive, so this one does.
import { EventSource } from "eventsource";

const source = new EventSource(process.argv[2]);
for (const name of ["progress", "estimate", "result", "failure", "end", "reset", "message"])
  source.addEventListener(name, ({ lastEventId, data }) =>
    console.log(JSON.stringify([name, lastEventId, data])),
  );
const alive = setInterval(() => {}, 1e6);
source.onerror = () => source.readyState === EventSource.CLOSED && clearInterval(alive);
