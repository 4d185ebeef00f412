//! What the system calls alone cost: as many connected sockets as there are calls, one receive and one send on each every 20 ms, a
//! quarter of them every 5 ms as in the engine, and nothing else. The floor under every engine that has a socket for each call.
//!
//! Takes the far ends' ports from its arguments after the number of calls and the seconds to warm up and to measure; tells its own
//! ports, then, as JSON, what it used.
//!
//!   floor <calls> <warm-up seconds> <measured seconds> <port> …

#[cfg(target_os = "linux")]
fn main() {
    use std::net::UdpSocket;

    fn clock(id: libc::clockid_t) -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a valid place.
        unsafe { libc::clock_gettime(id, &mut time) };
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }

    let numbers: Vec<u64> = std::env::args().skip(1).map(|argument| argument.parse().expect("a number")).collect();
    let &[calls, warm_up, measured, ref ports @ ..] = numbers.as_slice() else { panic!("floor <calls> <warm-up> <measured> <port> …") };
    // In real time, as the engine's media thread, where that is permitted.
    let priority = libc::sched_param { sched_priority: 10 };
    // SAFETY: acts on this process, and the parameter outlives the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_RR, &priority) };
    let sockets: Vec<UdpSocket> = (0..calls as usize)
        .map(|index| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
            socket.set_nonblocking(true).expect("non-blocking");
            socket.connect(("127.0.0.1", ports[index % ports.len()] as u16)).expect("loopback");
            socket
        })
        .collect();
    let own: Vec<String> = sockets.iter().map(|socket| socket.local_addr().expect("bound").port().to_string()).collect();
    println!("{}", own.join(" "));
    let begin = clock(libc::CLOCK_MONOTONIC);
    let (mut cpu, mut ticks, mut received) = (0, 0_u64, 0_u64);
    let mut packet = [0; 1_500];
    for slot in 0..(warm_up + measured) * 200 {
        let deadline = begin + slot * 5_000_000;
        let time = libc::timespec { tv_sec: (deadline / 1_000_000_000) as _, tv_nsec: (deadline % 1_000_000_000) as _ };
        // SAFETY: `time` is valid; the remainder may be null.
        unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &time, std::ptr::null_mut()) };
        if slot == warm_up * 200 {
            cpu = clock(libc::CLOCK_PROCESS_CPUTIME_ID);
            ticks = 0;
            received = 0;
        }
        for socket in sockets.iter().skip((slot % 4) as usize).step_by(4) {
            received += u64::from(socket.recv(&mut packet).is_ok());
            let _ = socket.send(&packet[..172]);
            ticks += 1;
        }
    }
    let cpu = clock(libc::CLOCK_PROCESS_CPUTIME_ID) - cpu;
    println!(r#"{{"ticks":{ticks},"received":{received},"cpu":{}}}"#, cpu / 1_000);
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("floor runs on Linux");
}
