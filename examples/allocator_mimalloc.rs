//! The median time of `llm/prefill` in one process with mimalloc; see `cargo xtask evidence allocator`.

#[path = "allocator/prefill.rs"]
mod prefill;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::print_stdout, reason = "the number is the result of the program")]
fn main() -> scalegate::Result<()> {
    println!("{:.3}", prefill::median_ms()?);
    Ok(())
}
