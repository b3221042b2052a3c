//! The photo and the documents of equipment: a record that names a file of the store.
//!
//! Promises: a record is written after its file is on disk, with its audit entry; the same file
//! twice is one; equipment of another site is none. Will not do: change a picture, or look into
//! a document further than its kind asks for.

use super::file_kind::{FileKind, document_kind, file_name, photo_kind};
use super::record::{Equipment, Photo};
use super::registry::{EQUIPMENT, Registry};
use super::whose::site_in;
use crate::auth::Reach;
use crate::base::request::carried;
use crate::base::{Clock, DocumentId, EquipmentId, Error, ErrorKind, Result, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Blob, BlobHash, Blobs, Placed, Room, Store, Transaction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

const DOCUMENTS: Table<Document> = Table::new("equipment_document", 1);
/// Most bytes of a photo.
pub const PHOTO_MAX: usize = 5 << 20;
/// Most bytes of a document.
pub const DOCUMENT_MAX: usize = 20 << 20;
/// Most documents of one piece of equipment.
pub const DOCUMENTS_MAX: usize = 50;
/// Bytes of the disk that files leave free: readings come first.
const KEEP_FREE: u64 = 256 << 20;

/// A document of a piece of equipment, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Whose it is.
    pub equipment: EquipmentId,
    /// Its name, with the ending of its kind.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// Its size, bytes.
    pub bytes: u64,
    /// Name of its file.
    pub hash: BlobHash,
    /// Who sent it.
    pub uploaded_by: String,
    /// When.
    pub uploaded_at: Timestamp,
}

impl Document {
    /// Equipment first, so that the documents of one lie together, oldest first.
    fn key(&self) -> [u8; 32] {
        key(self.equipment, self.id)
    }

    fn is_same_as(&self, other: &Self) -> bool {
        self.hash == other.hash && self.name == other.name
    }
}

fn key(equipment: EquipmentId, id: DocumentId) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(equipment.as_bytes());
    key[16..].copy_from_slice(id.as_bytes());
    key
}

/// Photos and documents.
pub struct Attachments {
    store: Store,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
}

impl Attachments {
    /// The photos and documents in this store.
    #[must_use]
    pub fn new(store: &Store, clock: Arc<dyn Clock>, registry: Arc<Registry>) -> Self {
        Self {
            blobs: store.blobs(),
            store: store.clone(),
            clock,
            registry,
        }
    }

    /// Equipment that somebody reaches.
    ///
    /// # Errors
    /// When there is none for him.
    pub fn equipment(&self, id: EquipmentId, reach: &Reach) -> Result<Equipment> {
        self.registry.seen(id, reach)
    }

    /// Gives equipment a photo, in place of the one it has.
    ///
    /// # Errors
    /// When there is no such equipment for him; when it is no photo; a disk that refuses.
    pub async fn set_photo(
        &self,
        id: EquipmentId,
        reach: &Reach,
        content: Vec<u8>,
        actor: Actor,
    ) -> Result<Equipment> {
        self.equipment(id, reach)?;
        let kind = photo_kind(&content)?;
        let bytes = content.len() as u64;
        let placed = self.place(content).await?;
        let photo = Photo {
            hash: placed.hash,
            kind,
            bytes,
        };
        self.record_photo(id, Some(photo), Some(placed), actor)
            .await
    }

    /// Takes the photo away.
    ///
    /// # Errors
    /// When there is no such equipment for him, or it has no photo; a disk that refuses.
    pub async fn remove_photo(&self, id: EquipmentId, reach: &Reach, actor: Actor) -> Result<()> {
        self.photo(id, reach)?;
        self.record_photo(id, None, None, actor).await.map(drop)
    }

    /// Runs to its end when nobody waits for the answer any more: memory follows the record, and
    /// the file is held until there is one.
    async fn record_photo(
        &self,
        id: EquipmentId,
        photo: Option<Photo>,
        placed: Option<Placed>,
        actor: Actor,
    ) -> Result<Equipment> {
        let registry = Arc::clone(&self.registry);
        let recorded = tokio::spawn(carried(async move {
            let _placed = placed;
            registry.set_photo(id, photo, actor).await
        }));
        recorded
            .await
            .map_err(|cause| Error::internal("The photo was not recorded.").because(cause))?
    }

    /// The photo of equipment.
    ///
    /// # Errors
    /// When there is no such equipment for him, or it has no photo.
    pub fn photo(&self, id: EquipmentId, reach: &Reach) -> Result<Photo> {
        let found = self.equipment(id, reach)?.photo;
        found.ok_or_else(|| Error::not_found("photo of equipment", id))
    }

    /// Opens a file. Reads it once: not on a thread of the runtime.
    ///
    /// # Errors
    /// When it is damaged, missing or cannot be read.
    pub fn open(&self, hash: BlobHash) -> Result<Blob> {
        self.blobs.open(hash)
    }

    /// The documents of equipment, oldest first.
    ///
    /// # Errors
    /// When there is no such equipment for him; when the data file cannot be read.
    pub fn documents(&self, id: EquipmentId, reach: &Reach) -> Result<Vec<Document>> {
        self.equipment(id, reach)?;
        DOCUMENTS.under(&self.store.read()?, id.as_bytes())
    }

    /// One document.
    ///
    /// # Errors
    /// When there is no such equipment for him, or it has no such document.
    pub fn document(
        &self,
        equipment: EquipmentId,
        reach: &Reach,
        id: DocumentId,
    ) -> Result<Document> {
        self.equipment(equipment, reach)?;
        let found = DOCUMENTS.get(&self.store.read()?, &key(equipment, id))?;
        found.ok_or_else(|| Error::not_found("document", id))
    }

    /// Adds a document; `false` beside it when it was there already, under the same name.
    ///
    /// # Errors
    /// When there is no such equipment for him, or it has as many as it may; when the kind is not
    /// kept or the content is of another; a disk that refuses.
    pub async fn add_document(
        &self,
        equipment: EquipmentId,
        reach: &Reach,
        name: &str,
        content: Vec<u8>,
        actor: Actor,
    ) -> Result<(Document, bool)> {
        self.equipment(equipment, reach)?;
        let name = file_name(name)?;
        let kind = document_kind(&name, &content)?;
        let bytes = content.len() as u64;
        let placed = self.place(content).await?;
        let document = Document {
            id: DocumentId::new(),
            equipment,
            name,
            kind,
            bytes,
            hash: placed.hash,
            uploaded_by: actor.name.clone(),
            uploaded_at: self.clock.now(),
        };
        let write = move |transaction: &Transaction<'_>| {
            // The content is held until here, also when nobody waits for the answer any more.
            let _placed = placed;
            record(transaction, document, &actor)
        };
        self.store.write(write).await
    }

    /// Takes a document away.
    ///
    /// # Errors
    /// When there is no such equipment for him, or it has no such document; a disk that refuses.
    pub async fn remove_document(
        &self,
        equipment: EquipmentId,
        reach: &Reach,
        id: DocumentId,
        actor: Actor,
    ) -> Result<()> {
        self.equipment(equipment, reach)?;
        let now = self.clock.now();
        let remove = move |transaction: &Transaction<'_>| {
            let found = DOCUMENTS.get(transaction, &key(equipment, id))?;
            let document = found.ok_or_else(|| Error::not_found("document", id))?;
            DOCUMENTS.remove(transaction, &document.key())?;
            log(
                transaction,
                now,
                &actor,
                "equipment.document_delete",
                &document,
            )
        };
        self.store.write(remove).await
    }

    /// Takes away files that no record names; returns how many went. Reads folders: not on a
    /// thread of the runtime.
    ///
    /// # Errors
    /// When the data file or the folder cannot be read.
    pub fn sweep(&self) -> Result<usize> {
        self.blobs
            .sweep(self.clock.now(), || files_named(&self.store))
    }

    async fn place(&self, content: Vec<u8>) -> Result<Placed> {
        leave_room(self.store.room(), content.len() as u64)?;
        let blobs = self.blobs.clone();
        let put = tokio::task::spawn_blocking(move || blobs.put(&content));
        put.await
            .map_err(|cause| Error::internal("The file could not be stored.").because(cause))?
    }
}

/// Every document of every piece of equipment.
///
/// # Errors
/// When the data file cannot be read.
pub fn documents_of(store: &Store) -> Result<Vec<Document>> {
    DOCUMENTS.all(&store.read()?)
}

/// Every file that a record of this store names.
///
/// # Errors
/// When the data file cannot be read.
pub fn files_named(store: &Store) -> Result<BTreeSet<BlobHash>> {
    let view = store.read()?;
    let photos = EQUIPMENT.all(&view)?.into_iter().filter_map(|e| e.photo);
    let documents = DOCUMENTS.all(&view)?.into_iter();
    let hashes = photos.map(|photo| photo.hash);
    Ok(hashes.chain(documents.map(|d| d.hash)).collect())
}

/// Forgets the documents of equipment that is being deleted.
pub(super) fn forget_documents(
    transaction: &Transaction<'_>,
    equipment: EquipmentId,
) -> Result<()> {
    for document in DOCUMENTS.under(transaction, equipment.as_bytes())? {
        DOCUMENTS.remove(transaction, &document.key())?;
    }
    Ok(())
}

/// Writes a document, unless it is there; decided inside the transaction, because two may come
/// at once, and the equipment may be gone since it was looked at.
fn record(
    transaction: &Transaction<'_>,
    document: Document,
    actor: &Actor,
) -> Result<(Document, bool)> {
    let equipment = EQUIPMENT.get(transaction, document.equipment.as_bytes())?;
    if equipment.is_none_or(|equipment| equipment.deleted_at.is_some()) {
        return Err(Error::not_found("equipment", document.equipment));
    }
    let there = DOCUMENTS.under(transaction, document.equipment.as_bytes())?;
    if let Some(same) = there.iter().find(|known| known.is_same_as(&document)) {
        return Ok((same.clone(), false));
    }
    if there.len() >= DOCUMENTS_MAX {
        let sentence = format!(
            "A piece of equipment has at most {DOCUMENTS_MAX} documents. Delete one first."
        );
        return Err(Error::conflict(sentence));
    }
    DOCUMENTS.put(transaction, &document.key(), &document)?;
    let (at, action) = (document.uploaded_at, "equipment.document_add");
    log(transaction, at, actor, action, &document)?;
    Ok((document, true))
}

fn log(
    transaction: &Transaction<'_>,
    at: Timestamp,
    actor: &Actor,
    action: &str,
    document: &Document,
) -> Result<()> {
    let details = serde_json::json!({ "document": document.id, "name": document.name,
        "bytes": document.bytes, "sha256": document.hash });
    let resource = format!("equipment/{}", document.equipment);
    let object = audit::about(&resource).of_all(site_in(transaction, document.equipment)?);
    audit::append(transaction, at, actor, action, object, details)
}

/// Refuses a file that would leave the readings too little room.
fn leave_room(room: Option<Room>, bytes: u64) -> Result<()> {
    match room {
        Some(room) if room.free < KEEP_FREE.saturating_add(bytes) => Err(Error::new(
            ErrorKind::Unavailable,
            "The disk is almost full, and what is left is kept for readings. Make room on it, \
             then send the file again.",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_leave_room_for_readings() {
        let room = |free| {
            Some(Room {
                free,
                total: 1 << 40,
            })
        };
        assert!(leave_room(None, 1).is_ok());
        assert!(leave_room(room(KEEP_FREE + 10), 10).is_ok());
        let error = leave_room(room(KEEP_FREE + 9), 10).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.sentence.contains("full"), "{error}");
    }
}
