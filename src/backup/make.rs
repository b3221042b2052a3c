//! Making a backup while the appliance runs: a copy of the data file as of one commit, then the
//! volumes, which nobody changes meanwhile, then photos and documents; proven before it gets its name.

use super::age::AgeKey;
use super::copy::{Target, hash_of, target_refused};
use super::manifest::{Cause, Manifest, Member};
use super::place::{PREFIX, Place, UNFINISHED, list};
use super::progress::{Phase, Progress};
use super::verify::verify;
use crate::base::secret::random_bytes;
use crate::base::{Error, Result, Timestamp};
use crate::equipment::files_named;
use crate::store::snapshot::{make_closed_folder, room_at, sync_folder};
use crate::store::{DATA_FILE, Store, Volumes};
use crate::tsdb::{FOLDER, Tsdb};
use std::path::{Path, PathBuf};

/// Folder of the data directory in which the copy of the data file is made.
pub(crate) const STAGING: &str = "backup.new";
/// Room that is left on a target beside the backup, bytes.
const ROOM_LEFT: u64 = 16 << 20;

/// A backup that is to be made.
pub struct Making<'a> {
    /// The data directory.
    pub store: &'a Store,
    /// The readings in it.
    pub tsdb: &'a Tsdb,
    /// The folder for backups.
    pub folder: &'a Path,
    /// What encrypts it.
    pub passphrase: Option<&'a str>,
    /// Which appliance this is.
    pub appliance: &'a str,
    /// The name of its first site.
    pub site: Option<String>,
    /// Who asked for it.
    pub cause: Cause,
    /// Now.
    pub now: Timestamp,
}

impl Making<'_> {
    /// Makes and proves it. A power cut, an error or the wish to stop leaves nothing that looks like
    /// a backup.
    ///
    /// # Errors
    /// A sentence about the folder, its room, the disk, or what was found wrong.
    pub fn run(&self, progress: &Progress) -> Result<Manifest> {
        self.check_folder()?;
        let id = self.free_id()?;
        self.clear();
        let part = self.folder.join(format!("{id}{UNFINISHED}"));
        make_closed_folder(&part).map_err(|cause| target_refused(self.folder, cause))?;
        let made = self.write(&id, &part, progress);
        let _ = std::fs::remove_dir_all(self.staging());
        if made.is_err() {
            let _ = std::fs::remove_dir_all(&part);
        }
        made
    }

    fn staging(&self) -> PathBuf {
        self.store.path().join(STAGING)
    }

    fn write(&self, id: &str, part: &Path, progress: &Progress) -> Result<Manifest> {
        let mut manifest = Manifest::begin(id.to_owned(), self.appliance.to_owned(), self.now);
        manifest.site.clone_from(&self.site);
        manifest.cause = self.cause;
        env!("CARGO_PKG_VERSION").clone_into(&mut manifest.version);
        manifest.encrypted = self.passphrase.is_some();
        let key = self.passphrase.map(new_key).transpose()?;
        let target = Target {
            folder: part,
            key: key.as_ref(),
        };
        let volumes = self.tsdb.hold(|volumes| {
            self.snapshot(&mut manifest, progress)?;
            self.need_room(&manifest, progress)?;
            self.volumes(volumes, &target, progress)
        })?;
        // First, so that the file which the key is read from is always there.
        let staged = self.staging().join(DATA_FILE);
        manifest
            .files
            .push(target.put(&staged, DATA_FILE, progress)?);
        manifest.files.extend(volumes);
        self.files(&target, &mut manifest, progress)?;
        manifest.write(part, key.as_ref())?;
        self.settle(part, &manifest)?;
        verify(&Place::open(part, self.passphrase)?, progress)?;
        let refused = |cause| target_refused(self.folder, cause);
        std::fs::rename(part, self.folder.join(id)).map_err(refused)?;
        sync_folder(self.folder).map_err(refused)?;
        Ok(manifest)
    }

    /// Copies the data file, beside the one that is in use: a share may not know the locks that the
    /// database wants.
    fn snapshot(&self, manifest: &mut Manifest, progress: &Progress) -> Result<()> {
        let staging = self.staging();
        let own = |cause| target_refused(self.store.path(), cause);
        if staging.exists() {
            std::fs::remove_dir_all(&staging).map_err(own)?;
        }
        make_closed_folder(&staging).map_err(own)?;
        progress.begin(Phase::Snapshot, self.store.file_bytes());
        let mut before = 0;
        let copied = self.store.snapshot(&staging, &mut |bytes| {
            let more = bytes - before;
            before = bytes;
            progress.step(more)
        })?;
        manifest.schema = copied.schema;
        manifest.tables = copied.counts;
        manifest.audit = copied.head;
        Ok(())
    }

    /// Copies the volumes. Those that are as the backup before has them are linked to it, where the
    /// file system can: years that are over lie there once.
    fn volumes(
        &self,
        volumes: &Volumes,
        target: &Target<'_>,
        progress: &Progress,
    ) -> Result<Vec<Member>> {
        let known = match target.key {
            None => self.last(),
            Some(_) => None,
        };
        let infos = volumes.list()?;
        let mut members = Vec::new();
        for info in infos {
            let name = format!("{FOLDER}/{}.redb", info.name);
            let Some(volume) = volumes.get(&info.name)? else {
                continue;
            };
            let entries = volume.read()?.counts()?.values().sum();
            drop(volume);
            let path = self.store.path().join(&name);
            let linked = match &known {
                Some(known) => link(known, &path, &name, target.folder, progress)?,
                None => None,
            };
            let mut member = match linked {
                Some(member) => member,
                None => target.put(&path, &name, progress)?,
            };
            member.entries = Some(entries);
            members.push(member);
        }
        Ok(members)
    }

    /// The newest backup of this appliance in the folder, with its files in the clear.
    fn last(&self) -> Option<(PathBuf, Manifest)> {
        let all = list(self.folder).ok()?;
        let own = |one: &Manifest| one.appliance == self.appliance && !one.encrypted;
        let last = all.into_iter().find(own)?;
        Some((self.folder.join(&last.id), last))
    }

    /// Copies the photos and documents that the copied data file names.
    fn files(
        &self,
        target: &Target<'_>,
        manifest: &mut Manifest,
        progress: &Progress,
    ) -> Result<()> {
        let copy = Store::prepare(&self.staging())?;
        let named = files_named(&copy);
        copy.close();
        for hash in named? {
            let sha256 = hash.to_string();
            let name = format!("blobs/{}/{sha256}", &sha256[..2]);
            // One that is damaged leaves the others to be kept all the same.
            if self.store.blobs().open(hash).is_err() {
                manifest.damaged.push(sha256);
                continue;
            }
            let from = self.store.path().join(&name);
            manifest.files.push(target.put(&from, &name, progress)?);
        }
        Ok(())
    }

    /// Makes the names of all files durable.
    fn settle(&self, part: &Path, manifest: &Manifest) -> Result<()> {
        let parents = manifest.files.iter().flat_map(|file| {
            let path = part.join(&file.name);
            path.ancestors()
                .skip(1)
                .map(Path::to_path_buf)
                .collect::<Vec<_>>()
        });
        let inside = |path: &PathBuf| path.starts_with(part);
        let mut folders: Vec<_> = parents.filter(inside).collect();
        folders.push(part.to_path_buf());
        folders.sort_unstable();
        folders.dedup();
        let mut sync = folders.iter().rev();
        sync.try_for_each(|folder| sync_folder(folder))
            .map_err(|cause| target_refused(self.folder, cause))
    }

    fn check_folder(&self) -> Result<()> {
        check_folder(self.folder, self.store.path())
    }

    fn need_room(&self, manifest: &Manifest, progress: &Progress) -> Result<()> {
        let readings: u64 = (self.store.volumes(FOLDER).list()?.iter())
            .map(|info| info.bytes)
            .sum();
        let staged = std::fs::metadata(self.staging().join(DATA_FILE)).map_or(0, |meta| meta.len());
        let shared = match manifest.encrypted {
            true => 0,
            false => self.last().map_or(0, |(_, last)| last.stored_bytes()),
        };
        let needed = (readings + staged).saturating_sub(shared) + ROOM_LEFT;
        progress.begin(Phase::Copy, readings + staged);
        match room_at(self.folder) {
            Some(room) if room.free < needed => {
                let sentence = format!(
                    "{} has room for {} MB and the backup needs {} MB. Free some room there, keep \
                     fewer backups, or choose another folder.",
                    self.folder.display(),
                    room.free >> 20,
                    needed >> 20
                );
                Err(Error::unavailable(sentence))
            }
            _ => Ok(()),
        }
    }

    /// A name that is not taken: a clock that was set back, or two in a second.
    fn free_id(&self) -> Result<String> {
        for more in 0..60 {
            let at = self.now.plus_ms(more * 1_000).to_string();
            let stamp: String = at.chars().take(19).filter(|c| !"-:".contains(*c)).collect();
            let id = format!("{PREFIX}{}-{stamp}Z", self.appliance);
            if !self.folder.join(&id).exists() {
                return Ok(id);
            }
        }
        Err(Error::conflict(
            "There are backups of this minute already. Wait a minute.",
        ))
    }

    /// Takes away what this appliance began here and did not finish.
    fn clear(&self) {
        let own = format!("{PREFIX}{}-", self.appliance);
        let Ok(entries) = std::fs::read_dir(self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_left = name
                .to_str()
                .is_some_and(|name| name.starts_with(&own) && name.ends_with(UNFINISHED));
            if is_left && let Err(error) = std::fs::remove_dir_all(entry.path()) {
                tracing::warn!(%error, "an unfinished backup cannot be deleted");
            }
        }
    }
}

/// Whether backups can be written here.
///
/// # Errors
/// A sentence that says why not, at the field `folder`.
pub fn check_folder(folder: &Path, data: &Path) -> Result<()> {
    let refuse = |sentence: String| Err(Error::invalid("folder", sentence));
    if !folder.is_absolute() {
        return refuse("Write the whole path, such as /mnt/backup.".to_owned());
    }
    if !folder.is_dir() {
        return refuse(format!(
            "{} is no folder of this machine. Plug the stick in, mount the share, or make it.",
            folder.display()
        ));
    }
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if real(folder).starts_with(real(data)) {
        return refuse(format!(
            "{} lies in the data directory: it would be lost together with it.",
            folder.display()
        ));
    }
    let probe = folder.join(format!("{PREFIX}probe{UNFINISHED}"));
    let tried = std::fs::create_dir_all(&probe).and_then(|()| std::fs::remove_dir(&probe));
    tried.map_err(|cause| {
        let error = target_refused(folder, cause);
        Error::invalid("folder", error.sentence.clone()).because(error)
    })
}

fn new_key(passphrase: &str) -> Result<AgeKey> {
    let key = AgeKey::new(passphrase, (random_bytes()?, random_bytes()?));
    key.ok_or_else(|| Error::internal("The backup cannot be encrypted."))
}

/// Gives the file of the backup before a second name, when it is the same.
fn link(
    (folder, last): &(PathBuf, Manifest),
    path: &Path,
    name: &str,
    into: &Path,
    progress: &Progress,
) -> Result<Option<Member>> {
    let Some(known) = last.files.iter().find(|file| file.name == name) else {
        return Ok(None);
    };
    if std::fs::metadata(path).map_or(0, |meta| meta.len()) != known.bytes {
        return Ok(None);
    }
    if hash_of(path, progress)? != (known.bytes, known.sha256.clone()) {
        return Ok(None);
    }
    // One that rotted is not carried on.
    let there = hash_of(&folder.join(name), &Progress::default());
    if there.ok().as_ref() != Some(&(known.bytes, known.sha256.clone())) {
        return Ok(None);
    }
    let to = into.join(name);
    let linked = to.parent().map_or(Ok(()), std::fs::create_dir_all);
    let linked = linked.and_then(|()| std::fs::hard_link(folder.join(name), &to));
    // A stick knows no second names; then it is copied.
    Ok(linked.is_ok().then(|| known.clone()))
}
