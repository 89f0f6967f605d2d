//! SHA-256 as text. The crate that computes it compiles in a moment, which a bench target waits for.

use hmac_sha256::Hash;

/// The hash of `content`.
pub(crate) fn of(content: &[u8]) -> String {
    text(Hash::hash(content))
}

/// The hash of pieces that come one after another.
#[derive(Default)]
pub(crate) struct Pieces(Hash);

impl Pieces {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(crate) fn finish(self) -> String {
        text(self.0.finalize())
    }
}

fn text(hash: [u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_has_its_hash() {
        // FIPS 180-4; the example is of NIST's "SHA256.pdf".
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of(b"abc"), hash);
        let mut pieces = Pieces::default();
        pieces.push(b"a");
        pieces.push(b"bc");
        assert_eq!(pieces.finish(), hash);
    }
}
