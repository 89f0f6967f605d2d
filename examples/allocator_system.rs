//! The median time of `llm/prefill` in one process with the system's allocator; see `cargo xtask evidence allocator`.

#[path = "allocator/prefill.rs"]
mod prefill;

#[expect(clippy::print_stdout, reason = "the number is the result of the program")]
fn main() -> scalegate::Result<()> {
    println!("{:.3}", prefill::median_ms()?);
    Ok(())
}
