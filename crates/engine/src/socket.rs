//! One session's socket: how it is set up. What comes in through it is in [`crate::inbox`].

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// Expedited forwarding (RFC 4594 §4.1 for telephony) as a traffic-class octet.
const EXPEDITED: u32 = 0xb8;
/// The kernel counts some 700–1,300 bytes for a packet of 172: this holds two seconds of one call, and bounds what a stall or
/// a flood can leave behind.
const RECEIVE_BUFFER: usize = 128 * 1024;

/// A non-blocking UDP socket on `local`. Without SO_REUSEADDR: a port in use must be refused.
pub fn bind(local: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if local.is_ipv6() {
        // Else `::` would take the IPv4 port too, which another session may hold.
        socket.set_only_v6(true)?;
    }
    socket.bind(&local.into())?;
    // Best effort: a system that refuses these still carries the call.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    let _ = match local {
        SocketAddr::V4(_) => socket.set_tos_v4(EXPEDITED),
        SocketAddr::V6(_) => set_traffic_class(&socket),
    };
    #[cfg(target_os = "linux")]
    // The time of arrival comes with each datagram, from the kernel.
    let _ = set_option(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1);
    Ok(socket.into())
}

/// Sends over a connected socket.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub fn send(socket: &UdpSocket, packet: &[u8]) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // Not by the C library's `send`: as one of the places where a thread can be cancelled, that one costs four atomic operations more.
    // SAFETY: the descriptor is open while `socket` is borrowed; the packet outlives the call and its length is said; without an address
    // it goes where the socket is connected to.
    let sent = unsafe {
        libc::syscall(libc::SYS_sendto, socket.as_raw_fd(), packet.as_ptr(), packet.len(), 0, std::ptr::null::<libc::sockaddr>(), 0)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sends over a connected socket.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
pub fn send(socket: &UdpSocket, packet: &[u8]) -> io::Result<()> {
    socket.send(packet).map(drop)
}

/// Undoes a connection: the socket takes datagrams from everywhere again. Its port stays, for it was bound to that very one.
#[cfg(target_os = "linux")]
pub fn disconnect(socket: &UdpSocket) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: sockaddr is plain numbers, for which zero is a value.
    let mut nobody: libc::sockaddr = unsafe { std::mem::zeroed() };
    nobody.sa_family = libc::AF_UNSPEC as _;
    // SAFETY: the descriptor is open while `socket` is borrowed; `nobody` outlives the call, and its size is said.
    let result = unsafe { libc::connect(socket.as_raw_fd(), &raw const nobody, size_of_val(&nobody) as _) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(unix)]
fn set_traffic_class(socket: &Socket) -> io::Result<()> {
    set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, EXPEDITED as libc::c_int)
}

/// Windows leaves the traffic class to its quality-of-service policies.
#[cfg(not(unix))]
fn set_traffic_class(_: &Socket) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn set_option(socket: &Socket, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the descriptor is open while `socket` is borrowed; `value` is an int that outlives the call, and `size` is its size.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
