//! A data directory as one file and back: the ustar format of POSIX.1-1988, which any `tar` reads.
//!
//! Promises: nothing outside the target is written, whatever the names in a file say.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

/// The unit of the format, bytes.
const BLOCK: usize = 512;
/// Most files that are taken out: a data directory has some hundreds.
const FILES_MAX: usize = 200_000;

/// Writes all files below a directory.
///
/// # Errors
/// When a file cannot be read, its name is too long, or the reader is gone.
pub fn pack(directory: &Path, out: &mut dyn Write) -> io::Result<()> {
    pack_below(directory, Path::new(""), out)?;
    out.write_all(&[0; 2 * BLOCK])
}

fn pack_below(directory: &Path, below: &Path, out: &mut dyn Write) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (kind, name) = (entry.file_type()?, below.join(entry.file_name()));
        if kind.is_dir() {
            pack_below(&entry.path(), &name, out)?;
        } else if kind.is_file() {
            let mut file = File::open(entry.path())?;
            let size = file.metadata()?.len();
            out.write_all(&head(&name, size)?)?;
            let written = io::copy(&mut (&mut file).take(size), out)?;
            if written != size {
                return Err(io::Error::other("a file became shorter while it was read"));
            }
            out.write_all(&vec![0; padding(size)])?;
        }
    }
    Ok(())
}

fn padding(size: u64) -> usize {
    let rest = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    (BLOCK - rest) % BLOCK
}

fn head(name: &Path, size: u64) -> io::Result<[u8; BLOCK]> {
    let name = name.to_str().filter(|name| name.len() <= 100);
    let name = name.ok_or_else(|| io::Error::other("a name is too long"))?;
    let mut head = [0; BLOCK];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[100..108].copy_from_slice(b"0000600\0");
    head[108..116].copy_from_slice(b"0000000\0");
    head[116..124].copy_from_slice(b"0000000\0");
    // Eight gigabytes and more do not fit into octal digits: the binary form of GNU and POSIX.
    if size < 1 << 33 {
        head[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    } else {
        head[124] = 0x80;
        head[128..136].copy_from_slice(&size.to_be_bytes());
    }
    head[136..148].copy_from_slice(b"00000000000\0");
    head[156] = b'0';
    head[257..265].copy_from_slice(b"ustar\x0000");
    let sum = sum_of(&head);
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(head)
}

/// The checksum: of the head, with spaces in its place.
fn sum_of(head: &[u8; BLOCK]) -> u32 {
    let value = |(at, byte): (usize, &u8)| {
        u32::from(if (148..156).contains(&at) {
            b' '
        } else {
            *byte
        })
    };
    head.iter().enumerate().map(value).sum()
}

/// Takes all files out, into a directory.
///
/// # Errors
/// When the file is damaged, ends early, or names something outside; the directory then holds
/// some of it and is to be taken away.
pub fn unpack(source: &mut dyn Read, directory: &Path) -> io::Result<usize> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    fs::create_dir_all(directory)?;
    for files in 0..FILES_MAX {
        let mut head = [0; BLOCK];
        source.read_exact(&mut head)?;
        if head.iter().all(|byte| *byte == 0) {
            return Ok(files);
        }
        if octal(&head[148..156]) != Some(u64::from(sum_of(&head))) {
            return Err(bad("it is no tar file, or damaged"));
        }
        if head[156] == b'5' {
            continue;
        }
        if head[156] != b'0' && head[156] != 0 {
            return Err(bad("it holds something that is no plain file"));
        }
        let name = inner_path(&head).ok_or_else(|| bad("it names a place outside"))?;
        let size = size_of(&head).ok_or_else(|| bad("a size makes no sense"))?;
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap_or(directory))?;
        let mut file = File::create_new(&path)?;
        if io::copy(&mut (&mut *source).take(size), &mut file)? != size {
            return Err(bad("it ends early"));
        }
        file.sync_all()?;
        io::copy(
            &mut (&mut *source).take(padding(size) as u64),
            &mut io::sink(),
        )?;
    }
    Err(bad("it holds too many files"))
}

fn inner_path(head: &[u8; BLOCK]) -> Option<PathBuf> {
    let text = |range: std::ops::Range<usize>| {
        let field = &head[range];
        let end = field.iter().position(|byte| *byte == 0);
        std::str::from_utf8(&field[..end.unwrap_or(field.len())]).ok()
    };
    let (prefix, name) = (text(345..500)?, text(0..100)?);
    let path = Path::new(prefix).join(name.strip_prefix("./").unwrap_or(name));
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    (plain && path.file_name().is_some()).then_some(path)
}

fn size_of(head: &[u8; BLOCK]) -> Option<u64> {
    if head[124] == 0x80 {
        return Some(u64::from_be_bytes(head[128..136].try_into().ok()?));
    }
    octal(&head[124..136])
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed() -> (tempfile::TempDir, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        fs::create_dir_all(from.join("readings")).unwrap();
        fs::write(from.join("indusmind.redb"), vec![7; 1_300]).unwrap();
        fs::write(from.join("readings/2026-11.redb"), vec![9; 512]).unwrap();
        fs::write(from.join("empty"), b"").unwrap();
        let mut bytes = Vec::new();
        pack(&from, &mut bytes).unwrap();
        (dir, bytes)
    }

    #[test]
    fn a_directory_comes_back_as_it_was() {
        let (dir, bytes) = packed();
        let to = dir.path().join("to");
        assert_eq!(unpack(&mut &bytes[..], &to).unwrap(), 3);
        assert_eq!(fs::read(to.join("indusmind.redb")).unwrap(), [7; 1_300]);
        assert_eq!(
            fs::read(to.join("readings/2026-11.redb")).unwrap(),
            [9; 512]
        );
        assert_eq!(fs::read(to.join("empty")).unwrap(), b"");
    }

    #[test]
    fn the_tar_of_the_system_reads_it() {
        let (dir, bytes) = packed();
        let file = dir.path().join("a.tar");
        fs::write(&file, bytes).unwrap();
        let said = std::process::Command::new("tar")
            .arg("tf")
            .arg(&file)
            .output();
        let said = said.expect("tar is needed for this test").stdout;
        let names = String::from_utf8(said).unwrap();
        assert_eq!(names, "empty\nindusmind.redb\nreadings/2026-11.redb\n");
    }

    #[test]
    fn what_is_cut_off_or_reaches_outside_is_refused() {
        let (dir, bytes) = packed();
        for (number, length) in [0, 100, 512, 700, 1_600, bytes.len() - 1_024]
            .iter()
            .enumerate()
        {
            let to = dir.path().join(format!("cut-{number}"));
            assert!(unpack(&mut &bytes[..*length], &to).is_err(), "{length}");
        }
        for (number, name) in ["../out", "/out", "a/../../out", "", "."]
            .iter()
            .enumerate()
        {
            let mut evil = head(Path::new(name), 0).unwrap().to_vec();
            evil.extend([0; 1_024]);
            let to = dir.path().join(format!("evil-{number}"));
            assert!(unpack(&mut &evil[..], &to).is_err(), "{name}");
        }
        assert!(!dir.path().join("out").exists());
    }
}
