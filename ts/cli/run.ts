import { answer } from "./answer.ts";
import { call } from "./call.ts";
import { demo } from "./demo/demo.ts";
import { doctor } from "./doctor.ts";
import { ExitStatus, statusOfError, UsageError } from "./exit.ts";
import { HELP } from "./help.ts";
import type { CommandIO } from "./io.ts";
import { message } from "./message.ts";
import { type CommandOptions, parseCommand } from "./options.ts";
import { Output } from "./output.ts";
import { register } from "./register.ts";
import { version } from "./version.ts";

/**
 * The `sidetone` command.
 * @param argv the arguments after the program's name
 * @returns the exit status; never rejects
 */
export async function run(argv: readonly string[], io: CommandIO): Promise<ExitStatus> {
  // Asked for again here, because a command line that cannot be read may still have asked for it.
  const output = new Output(io, argv.includes("--json"));
  try {
    const options = parseCommand(argv);
    if (options === "help") {
      io.stdout.write(HELP);
      return ExitStatus.DONE;
    }
    if (options === "version") {
      io.stdout.write(`${version()}\n`);
      return ExitStatus.DONE;
    }
    return await runCommand(options, io, output);
  } catch (error) {
    if (io.signal.aborted || (error instanceof Error && error.name === "AbortError")) return ExitStatus.INTERRUPTED;
    output.error(error);
    if (error instanceof UsageError && !output.json) io.stderr.write("sidetone --help tells more\n");
    return statusOfError(error);
  }
}

function runCommand(options: CommandOptions, io: CommandIO, output: Output): Promise<ExitStatus> {
  const commands: Record<CommandOptions["command"], () => Promise<ExitStatus>> = {
    demo: () => demo(options, io, output),
    register: () => register(options, io, output),
    call: () => call(options, io, output),
    answer: () => answer(options, io, output),
    message: () => message(options, io, output),
    doctor: () => doctor(options, output),
  };
  return options.registerOnly ? register(options, io, output) : commands[options.command]();
}
