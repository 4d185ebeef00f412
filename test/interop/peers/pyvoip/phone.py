"""A phone made of pyVoIP, either generation, for the interop tests: commands come as lines of JSON, so do its answers.

{"do": "call", "number": "phone"}    {"do": "hangup"}    {"do": "cancel"}    {"do": "transfer", "uri": "<sip:carol@...>"}
{"do": "message", "number": "phone", "body": "..."}      {"do": "quit"}

It answers every call, or denies it with --busy; says the raw 8-bit linear audio of --says in it; and keeps what it hears, the same
way, as heard-1.raw and so on, one file a call. Its steps are told on standard output: "status", "state", "dtmf", "done", "failed".
"""

import argparse
import json
import os
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore")
import pyVoIP  # noqa: E402

modern = not pyVoIP.__version__.startswith("1.")
if modern:
    import ssl

    from pyVoIP.credentials import CredentialsManager
    from pyVoIP.networking.transport import TransportMode
    from pyVoIP.SIP.client import SIPClient
    from pyVoIP.VoIP.call import CallState, VoIPCall
    from pyVoIP.VoIP.phone import VoIPPhone, VoIPPhoneParameter
else:
    from pyVoIP.VoIP import CallState, VoIPPhone

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("--server", default="127.0.0.1")
options.add_argument("--server-port", type=int, required=True)
options.add_argument("--user", required=True)
options.add_argument("--password", default="")
options.add_argument("--bind-ip", default="127.0.0.1")
options.add_argument("--bind-port", type=int, required=True)
options.add_argument("--rtp-ports", type=int, nargs=2, required=True, metavar=("LOW", "HIGH"))
options.add_argument("--says", required=True)
options.add_argument("--transport", choices=["UDP", "TCP", "TLS"], default="UDP")
options.add_argument("--no-registrar", action="store_true")
options.add_argument("--busy", action="store_true")
options.add_argument("--debug", action="store_true")
given = options.parse_args()
pyVoIP.DEBUG = given.debug

speaking = threading.Lock()


def tell(event, **more):
    with speaking:
        print(json.dumps({"event": event, **more}), flush=True)


with open(given.says, "rb") as file:
    audio = file.read()

calls_so_far = 0
current = None


def attend(call):
    """Talks and listens for as long as the call is up, and says what becomes of it."""
    global calls_so_far
    calls_so_far += 1
    number = calls_so_far
    told = None
    digits = ""
    with open(f"heard-{number}.raw", "wb", buffering=0) as heard:
        due = time.monotonic()
        while call.state != CallState.ENDED:
            if call.state != told:
                told = call.state
                tell("state", call=number, state=told.name)
                if told == CallState.ANSWERED:
                    call.write_audio(audio)
                    # It has no jitter buffer, and fills with silence what is read before it came: let some packets gather.
                    due = time.monotonic() + 0.2
                    time.sleep(0.2)
            if told == CallState.ANSWERED and call.RTPClients:
                heard.write(call.read_audio(160, blocking=False))
                digit = call.get_dtmf()
                if digit:
                    digits += digit
                    tell("dtmf", call=number, digits=digits)
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))
    tell("state", call=number, state="ENDED")


def take(call):
    """A call has come in."""
    global current
    current = call
    if given.busy:
        call.deny()
        tell("state", call=0, state="DENIED")
        return
    threading.Thread(target=attend, args=(call,), daemon=True).start()
    call.answer()


def make_modern():
    class Call(VoIPCall):
        def ringing(self, request):
            if self.state == CallState.RINGING:
                take(self)
            else:
                super().ringing(request)

        def receiver(self):
            # Its two threads would race for the ACK: who waits in answer() is to have it.
            while self.state == CallState.RINGING:
                time.sleep(0.01)
            super().receiver()

    class Unregistered(SIPClient):
        def register(self):
            # It never hands over what opens its first connection: let that be a request whose refusal nobody misses.
            self.send(self.gen_first_request())
            return True

        def deregister(self):
            return True

    credentials = CredentialsManager()
    if given.password:
        credentials.add(given.user, given.password)
    if given.transport == "TLS":
        pyVoIP.set_tls_security(ssl.CERT_NONE)
    return VoIPPhone(
        VoIPPhoneParameter(
            server=given.server,
            port=given.server_port,
            user=given.user,
            credentials_manager=credentials,
            bind_ip=given.bind_ip,
            bind_port=given.bind_port,
            transport_mode=TransportMode[given.transport],
            rtp_port_low=given.rtp_ports[0],
            rtp_port_high=given.rtp_ports[1],
            call_class=Call,
            sip_class=Unregistered if given.no_registrar else None,
        )
    )


def make_classic():
    return VoIPPhone(
        given.server,
        given.server_port,
        given.user,
        given.password,
        callCallback=take,
        myIP=given.bind_ip,
        sipPort=given.bind_port,
        rtpPortLow=given.rtp_ports[0],
        rtpPortHigh=given.rtp_ports[1],
    )


phone = make_modern() if modern else make_classic()


def obey(command):
    global current
    what = command["do"]
    if what == "call":
        current = phone.call(command["number"])
        threading.Thread(target=attend, args=(current,), daemon=True).start()
        return True
    if what == "hangup":
        return current.hangup()
    if what == "cancel":
        return current.cancel()
    if what == "transfer":
        return current.transfer(uri=command["uri"])
    if what == "message":
        return phone.message(command["number"], command["body"])
    raise ValueError(f"no such command: {what}")


def try_to_obey(command):
    try:
        tell("done", do=command["do"], result=obey(command))
    except Exception as error:  # whatever the library throws is news for the test
        tell("failed", do=command["do"], error=repr(error))


tell("version", version=pyVoIP.__version__)
try:
    phone.start()
except Exception as error:
    tell("failed", do="start", error=repr(error))


def watch_status():
    told = None
    while True:
        status = phone.get_status().name
        if status != told:
            told = status
            tell("status", status=status)
        time.sleep(0.05)


threading.Thread(target=watch_status, daemon=True).start()
for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "quit":
        break
    # A command may wait for an answer: what ends the call must still get through.
    threading.Thread(target=try_to_obey, args=(command,), daemon=True).start()
try:
    phone.stop()
except Exception as error:
    tell("failed", do="quit", error=repr(error))
tell("status", status=phone.get_status().name)
os._exit(0)
