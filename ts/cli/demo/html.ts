/** Text as it may stand in HTML, in an element or a quoted attribute. */
export function escape(text: string | number): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** A percentage with as many digits as a screen can show. */
export function percent(part: number): string {
  return `${Number((100 * part).toFixed(2))}%`;
}
