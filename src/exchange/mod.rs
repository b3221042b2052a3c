//! Ways in and out: the formats in which readings travel between this appliance and others.
//!
//! Promises: a line is taken whole or refused whole, and a refusal names its line, its part and
//! what to do; nothing is rounded on the way; a file that was written here can be read here.
//! Will not do: know routes or flags.

pub mod archive;
pub mod book;
pub mod cell_list;
pub mod device_list;
pub mod directory;
pub mod excel;
mod files_out;
pub mod history;
pub mod import;
pub mod inflate;
pub mod line;
pub mod number;
mod part;
pub mod production_table;
pub mod profile_table;
pub mod push;
mod rows_out;
pub mod source;
pub mod table;
pub mod table_in;
pub mod words;

pub use book::{Book, BookCell, BookChart};
pub use directory::Directory;
pub use excel::Excel;
pub use history::{Column, HistoryExport};
pub use push::{Pushed, Refused, Sorter};
pub use table::Csv;
