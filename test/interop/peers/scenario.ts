import { readFile } from "node:fs/promises";

/**
 * A scenario of `sipp/`, with its parts filled in: `{{part name=value other="two words"}}` stands for `sipp/parts/part.xml`, in which
 * `@name@` is the value and `@name:default@` need not be given. A line that holds nothing but an empty value goes. Variables that only
 * serve a check are declared at the end: SIPp wants each to be used.
 * @param name the file without its ending
 * @throws Error when a part or a value is missing
 */
export async function readScenario(name: string): Promise<string> {
  const text = await expand(await read(name));
  if (text.includes("<Reference ")) return text;
  const assigned = new Set(Array.from(text.matchAll(/assign_to="([\w,]+)"/g), ([, variables]) => variables!.split(",")).flat());
  return assigned.size === 0 ? text : text.replace("</scenario>", `  <Reference variables="${[...assigned].join(",")}"/>\n</scenario>`);
}

function read(name: string): Promise<string> {
  return readFile(new URL(`sipp/${name}.xml`, import.meta.url), "utf8");
}

async function expand(text: string): Promise<string> {
  const pattern = /\{\{([\w-]+)((?:\s+[a-z]+=(?:"[^"]*"|[^\s"{}]+))*)\s*\}\}\n?/g;
  let result = "";
  let end = 0;
  for (const { 0: whole, 1: name, 2: parameters, index } of text.matchAll(pattern)) {
    result += text.slice(end, index) + (await expand(fill(name!, await read(`parts/${name}`), parameters!)));
    end = index + whole.length;
  }
  return result + text.slice(end);
}

function fill(name: string, part: string, parameters: string): string {
  const given = new Map(
    Array.from(parameters.matchAll(/([a-z]+)=(?:"([^"]*)"|(\S+))/g), ([, key, quoted, plain]) => [key!, quoted ?? plain!]),
  );
  const value = (key: string, otherwise: string | undefined): string => {
    const found = given.get(key) ?? otherwise;
    if (found === undefined) throw new Error(`the scenario part ${name} wants ${key}=`);
    return found.replaceAll("\\n", "\n");
  };
  return part.replaceAll(/@([a-z]+)(?::([^@\n]*))?@(\n?)/g, (_, key: string, otherwise: string | undefined, end: string, at: number) => {
    const found = value(key, otherwise);
    const alone = at === 0 || part[at - 1] === "\n";
    return found === "" && alone ? "" : found + end;
  });
}
