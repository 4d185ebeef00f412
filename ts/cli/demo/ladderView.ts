import { escape } from "./html.ts";
import { LANES, type LadderMessage } from "./ladder.ts";
import type { Mark } from "./report.ts";

/** What a rung is about; names its colour. */
function kindOf({ status }: LadderMessage): string {
  if (status === 0) return "request";
  if (status < 200) return "provisional";
  return status < 300 ? "success" : "refusal";
}

/** The parts of the story, told apart by what is registered and what belongs to the call. */
function chapterOf({ method }: LadderMessage, callHasBegun: boolean): string {
  if (method !== "REGISTER") return "The call";
  return callHasBegun ? "Taking leave" : "Registration";
}

/** The ladder of the call: messages that open to show themselves, and between them what went from phone to phone. */
export function ladderView(messages: readonly LadderMessage[], marks: readonly Mark[], start: number): string {
  const rungs = [
    ...messages.map((message) => ({ time: message.time, message })),
    ...marks.map((mark) => ({ time: mark.time, mark })),
  ].toSorted((a, b) => a.time - b.time);
  let chapter = "";
  let callHasBegun = false;
  const rows: string[] = [];
  for (const rung of rungs) {
    const time = ((rung.time - start) / 1000).toFixed(3);
    if ("mark" in rung) {
      rows.push(`<div class="rung media"><time>${time}</time><div class="lanes">${band(rung.mark)}</div></div>`);
      continue;
    }
    const { message } = rung;
    callHasBegun ||= message.method === "INVITE";
    const next = chapterOf(message, callHasBegun);
    if (next !== chapter) rows.push(`<h3>${next}</h3>`);
    chapter = next;
    rows.push(
      `<details class="rung ${kindOf(message)}"><summary><time>${time}</time><div class="lanes">${arrow(message)}</div></summary>` +
        `<pre>${escape(message.text)}</pre></details>`,
    );
  }
  const heads = LANES.map((lane) => `<span>${escape(lane)}</span>`).join("");
  return `<div class="ladder"><div class="heads"><time>s</time><div class="lanes">${heads}</div></div>\n${rows.join("\n")}\n</div>`;
}

function arrow({ from, to, name, method, status, repeated }: LadderMessage): string {
  const way = from < to ? "right" : "left";
  const of = status === 0 ? "" : ` <small>${escape(method)}</small>`;
  const again = repeated ? " <small>again</small>" : "";
  const spoken = `${LANES[from] ?? ""} to ${LANES[to] ?? ""}: ${name}`;
  return `<span class="arrow ${way} gap${Math.min(from, to)}" aria-label="${escape(spoken)}"><b>${escape(name)}${of}${again}</b></span>`;
}

function band({ text, lane }: Mark): string {
  return `<span class="arrow ${lane === 0 ? "right alice" : "left bob"} across"><b>${escape(text)}</b></span>`;
}
