//! The media thread's priority: a frame that is late by milliseconds is heard, so the thread goes before ordinary work where the
//! system allows it. It works some microseconds a frame and sleeps in between.

/// What the system allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Before all ordinary threads.
    RealTime,
    /// Favoured among the ordinary ones.
    Raised,
    /// Like any other thread.
    Normal,
}

impl Priority {
    /// One word for a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::RealTime => "real-time",
            Self::Raised => "raised",
            Self::Normal => "normal",
        }
    }
}

/// Raises the calling thread. A refusal (no CAP_SYS_NICE, no RLIMIT_RTPRIO) is no error.
#[cfg(target_os = "linux")]
pub fn raise() -> Priority {
    // Low among the real-time threads: audio drivers and the kernel's own work stay ahead of us.
    // SAFETY: sched_param is plain numbers, for which zero is a value; musl adds reserved fields to it.
    let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    parameters.sched_priority = 10;
    // SAFETY: pthread_self is always the calling, running thread, and `parameters` outlives the call.
    if unsafe { libc::pthread_setschedparam(libc::pthread_self(), libc::SCHED_RR, &parameters) } == 0 {
        return Priority::RealTime;
    }
    // On Linux 0 stands for the calling thread, not for the process.
    // SAFETY: takes numbers only.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -11) } == 0 { Priority::Raised } else { Priority::Normal }
}

/// Raises the calling thread: macOS gives audio its quality-of-service class to whoever asks.
#[cfg(target_vendor = "apple")]
pub fn raise() -> Priority {
    // SAFETY: takes numbers only, and acts on the calling thread.
    let refused = unsafe { libc::pthread_set_qos_class_self_np(libc::qos_class_t::QOS_CLASS_USER_INTERACTIVE, 0) };
    if refused == 0 { Priority::Raised } else { Priority::Normal }
}

/// Raises the calling thread.
#[cfg(windows)]
pub fn raise() -> Priority {
    use windows_sys::Win32::System::Threading::{GetCurrentThread, SetThreadPriority, THREAD_PRIORITY_TIME_CRITICAL};
    // SAFETY: GetCurrentThread gives a pseudo handle that is always valid in the calling thread.
    let raised = unsafe { SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL) };
    if raised != 0 { Priority::RealTime } else { Priority::Normal }
}

/// Elsewhere nothing is tried.
#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
pub fn raise() -> Priority {
    Priority::Normal
}
