//! The addon crate.
