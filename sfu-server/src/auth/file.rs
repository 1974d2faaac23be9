//! Writing a small file so that nobody else reads it, and nobody ever finds half of it.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Readable for its owner alone.
const MODE: u32 = 0o600;

/// Puts `bytes` in place of what is there. What is there keeps its owner, its group and who may read it, for who has been let in on
/// purpose; where that cannot be, it is left as it is. Of a symlink, what it leads to is replaced.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (path, before) = target(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.new", rand::random::<u64>()));
    let beside = path.with_file_name(name);
    // What is there already is somebody else's: it might lead elsewhere, or be open to others.
    let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&beside)?;
    let placed = fill(file, bytes, before.as_ref()).and_then(|()| fs::rename(&beside, path));
    if placed.is_err() {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&beside);
    }
    placed
}

/// The file that a path leads to, and what it is; it need not be there.
fn target(path: &Path) -> io::Result<(PathBuf, Option<Metadata>)> {
    match fs::symlink_metadata(path) {
        Ok(_) => {
            let target = fs::canonicalize(path)?;
            let metadata = fs::metadata(&target)?;
            Ok((target, Some(metadata)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((path.to_owned(), None)),
        Err(error) => Err(error),
    }
}

/// The owner comes before the mode: nobody may read it on the way who may not in the end.
fn fill(mut file: File, bytes: &[u8], before: Option<&Metadata>) -> io::Result<()> {
    if let Some(before) = before {
        let made = file.metadata()?;
        let (uid, gid) = (before.uid(), before.gid());
        if (made.uid(), made.gid()) != (uid, gid) {
            fchown(&file, Some(uid), Some(gid)).map_err(|error| {
                let advice = format!("its owner and group ({uid}:{gid}) cannot be kept, so it is left as it was; do this as its owner or as root: {error}");
                io::Error::new(error.kind(), advice)
            })?;
        }
        file.set_permissions(Permissions::from_mode(before.mode() & 0o777))?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}
