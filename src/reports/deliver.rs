//! How a report of the timetable reaches people: as enclosures of an e-mail, as files in a folder.

use super::document::Document;
use super::format::Dates;
use super::left::fault;
use super::output::Format;
use super::record::Report;
use super::service::{Reports, Written};
use super::timetable::NewSchedule;
use super::words::Words;
use crate::base::time::Calendar;
use crate::base::{Error, PaperId, Result};
use crate::notify::{Enclosed, Language, Mail};
use crate::store::Transaction;
use std::path::Path;
use std::sync::Arc;

/// Most bytes of the files of one e-mail: what mail servers usually take.
const MAIL_MAX: usize = 15 << 20;

impl Reports {
    /// Hands a report on by all the ways of its entry; the first refusal is told after all were
    /// tried.
    pub(super) async fn handed_on(
        self: &Arc<Self>,
        report: &Report,
        entry: &NewSchedule,
    ) -> Result<()> {
        let (own, about, formats) = (Arc::clone(self), report.clone(), entry.formats.clone());
        let write = move || {
            let files = formats.into_iter().map(|form| own.export(&about, form));
            Ok((files.collect::<Result<Vec<_>>>()?, own.document(&about)?))
        };
        let written = tokio::task::spawn_blocking(write).await;
        let (files, document) = written.unwrap_or_else(|cause| Err(fault(cause)))?;
        let posted = self.post(report, entry, &files, &document).await;
        let folder = entry.folder.clone();
        let put = move || match folder {
            Some(folder) => put_down(Path::new(&folder), &files),
            None => Ok(()),
        };
        let put = tokio::task::spawn_blocking(put).await;
        put.unwrap_or_else(|cause| Err(fault(cause)))?;
        posted
    }

    /// The name of a file: two sites, cold cells or languages may share a folder.
    pub(super) fn file_name(&self, report: &Report, day: &str, format: Format) -> String {
        let recipe = &report.recipe;
        let mut name = format!("{}_{day}", recipe.template);
        if self.sources.sites.all().len() > 1 {
            name = format!("{}_{name}", recipe.site);
        }
        if let Some(cell) = recipe.cell {
            // Names change; a file of a later day belongs to the same cell. Of a UUID of version 7
            // the last digits are those that differ.
            let id = cell.to_string();
            name = format!("{name}_{}", &id[id.len().saturating_sub(6)..]);
        }
        match recipe.language {
            Language::En => {}
            Language::Fr => name.push_str("_fr"),
            Language::Ar => name.push_str("_ar"),
        }
        format!("{name}.{}", format.ending())
    }

    async fn post(
        &self,
        report: &Report,
        entry: &NewSchedule,
        files: &[Written],
        document: &Document,
    ) -> Result<()> {
        if entry.recipients.is_empty() {
            return Ok(());
        }
        if files.iter().map(|file| file.bytes.len()).sum::<usize>() > MAIL_MAX {
            let sentence = "The files are larger than 15 MB, which mail servers refuse. Send fewer \
                            forms, or use a folder.";
            return Err(Error::unavailable(sentence));
        }
        let enclosed: Vec<Enclosed> = files
            .iter()
            .map(|file| Enclosed {
                name: file.name.clone(),
                media_type: file.format.media_type().to_owned(),
                key: format!("report/{}/{}", report.id, file.format.ending()),
            })
            .collect();
        let mails = self.mails(entry, document);
        let notify = Arc::clone(&self.notify);
        let write = move |transaction: &Transaction<'_>| {
            for mail in mails {
                let put = notify.mail_with(transaction, mail, enclosed.clone())?;
                if put.is_none() {
                    let sentence = "No outlet writes e-mail. Set one under Notifications.";
                    return Err(Error::unavailable(sentence));
                }
            }
            Ok(())
        };
        self.store.write(write).await?;
        self.notify.wake();
        Ok(())
    }

    fn mails(&self, entry: &NewSchedule, document: &Document) -> Vec<Mail> {
        let words = Words::of_language(document.language);
        let calendar = Calendar::new(&document.time_zone).unwrap_or_else(|_| Calendar::utc());
        let dates = Dates {
            calendar: &calendar,
            words: &words,
        };
        let period = dates.period(document.from, document.to);
        let parts = [
            ("title", &*document.title),
            ("site", &*document.site),
            ("period", &*period),
        ];
        let language = document.language;
        let (subject, text) = (
            language.directed(&words.with("mail.subject", &parts)),
            language.directed(&words.with("mail.text", &parts)),
        );
        let mail = |to: &String| Mail {
            to: to.clone(),
            name: None,
            subject: subject.clone(),
            text: text.clone(),
        };
        entry.recipients.iter().map(mail).collect()
    }
}

/// Puts files into a folder: each is whole or not there.
fn put_down(folder: &Path, files: &[Written]) -> Result<()> {
    for file in files {
        let (path, part) = (
            folder.join(&file.name),
            folder.join(format!(".{}.part", file.name)),
        );
        let put = std::fs::write(&part, &file.bytes)
            .and_then(|()| std::fs::File::open(&part)?.sync_all())
            .and_then(|()| std::fs::rename(&part, &path));
        if let Err(cause) = put {
            let _ = std::fs::remove_file(&part);
            let sentence = format!(
                "{} cannot be written. Plug the stick in, mount the share, or choose another \
                 folder.",
                path.display()
            );
            return Err(Error::unavailable(sentence).because(cause));
        }
    }
    Ok(())
}

impl Reports {
    /// The bytes of a file that goes with a letter. Reads the disk.
    ///
    /// # Errors
    /// When the report is gone.
    pub fn enclosure(&self, key: &str) -> Result<Vec<u8>> {
        let gone = || Error::not_found("enclosure", key);
        let mut parts = key.split('/');
        let (Some("report"), Some(id), Some(format)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(gone());
        };
        let id: PaperId = id.parse().map_err(|_| gone())?;
        let report = super::record::one(&self.store.read()?, id)?.ok_or_else(gone)?;
        Ok(self.export(&report, Format::named(format)?)?.bytes)
    }
}
