//! AES-128-GCM by every provider of this machine.

use sfu_core::transport::{GcmKey, GcmProvider};

use super::input::Input;

/// A key, a nonce, a header with its length in front, a changed byte's place, and the payload. All providers give the same
/// bytes, and refuse them once they were changed.
pub fn gcm(data: &[u8]) {
    let mut input = Input::new(data);
    let (key, nonce) = (block(&mut input), block(&mut input));
    let header = input.blob();
    let changed = usize::from(input.word());
    let plain = input.take(usize::MAX);

    let mut answers = [GcmProvider::AwsLc, GcmProvider::Avx512].into_iter().filter_map(|provider| {
        let key = GcmKey::with(provider, &key)?;
        let mut sealed = plain.to_vec();
        let tag = key.seal(&nonce, header, &mut sealed).unwrap();

        let mut opened = sealed.clone();
        assert!(key.open(&nonce, header, &mut opened, &tag) && opened == plain, "{provider:?}");
        let mut forged = sealed.clone();
        let place = changed.checked_rem(forged.len()).unwrap_or(0);
        if let Some(byte) = forged.get_mut(place) {
            *byte ^= 1;
            assert!(!key.open(&nonce, header, &mut forged, &tag), "{provider:?}");
            assert!(forged.iter().all(|byte| *byte == 0), "{provider:?}");
        }
        Some((sealed, tag))
    });
    let first = answers.next().unwrap();
    assert!(answers.all(|other| other == first));
}

fn block<const N: usize>(input: &mut Input<'_>) -> [u8; N] {
    std::array::from_fn(|_| input.byte())
}
