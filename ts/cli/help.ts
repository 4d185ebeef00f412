/** What `sidetone --help` prints. */
export const HELP: string = `sidetone: a SIP phone on the command line

  sidetone demo                 a call between two phones in this process; shows it in demo-out/
  sidetone register             register at a server, say so, and deregister
  sidetone call NUMBER          call a user of the server, or sip:user@host[:port] without one
  sidetone answer               take calls
  sidetone message NUMBER TEXT  send a text message; TEXT - reads it from stdin
  sidetone doctor               which media engine runs here, and why

account
  --server HOST[:PORT]          registrar and proxy; without one, calls go from peer to peer
  --user NAME                   the user part of your address
  SIDETONE_PASSWORD             the password, from the environment; else a terminal is asked for it

network
  --transport udp|tcp|tls       what to speak (default: udp, or what the server's DNS says)
  --ca FILE                     tls: trust these authorities, or this server's own certificate (PEM)
  --cert FILE, --key FILE       tls: our own certificate and its private key (PEM)
  SIDETONE_KEY_PASSWORD         the key's password, from the environment
  --insecure                    tls: trust any certificate: for tests only
  --bind IP[:PORT]              local address of SIP and RTP; default: all and a free port, or 5060
                                to answer without a server
  --rtp-ports LOW-HIGH          local ports of RTP (default 10000-20000)
  --engine native|typescript    the media engine (default: native where it runs)
  --register-only               with call, answer, message: only see whether the account works

during the call
                                without --duration the call ends after what it is told to do
  --play FILE.WAV               play this
  --record FILE.WAV             record the far end: 16-bit mono, 8 kHz
  --echo                        send back what is heard
  --dtmf DIGITS                 send these digits, after --play: 0-9 * # A-D
  --hold SECONDS                after --play and --dtmf: put the far end on hold, then take it back
  --transfer NUMBER             after all that: hand the far end over to NUMBER (blind)
  --duration SECONDS            hang up that long after the answer; register: stay that long
  --calls N                     call: so many calls at once; answer: end after so many

output
  --json                        one JSON object a line, with its "event": registered, ringing,
                                answered, dtmf, ended, stats, error ... (docs/cli.md has them all)
  --trace                       show every SIP message, without its secrets
  --help, --version

exit status
  0  done: registered, the message was taken, or the call was answered and has ended
  1  failed; the message tells why
  2  wrong command line
  3  not registered: refused, or no answer from the server
  4  busy
  5  refused by the far end
  6  no such number
  7  nobody answered
  8  network, port or media engine not available, or the far end lost during the call
  9  the call was answered, but its far end did not let itself be transferred
  130  Ctrl-C, after hanging up and deregistering; a second one ends at once

examples
  SIDETONE_PASSWORD=secret sidetone call 4711 --server pbx.example.com --user alice --play a.wav
  sidetone answer --echo
  sidetone call sip:me@192.0.2.7 --dtmf 12#
  sidetone message bob "The door is open" --server pbx.example.com --user alice
`;
