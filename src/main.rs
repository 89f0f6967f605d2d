//! The `scalegate` command.

fn main() {}
