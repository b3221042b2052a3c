//! The request that the current task answers, so that what is written on its behalf can name it.

tokio::task_local! {
    /// Id of the request that the current task answers. Set at the edge, for the whole request.
    pub static REQUEST_ID: String;
}

/// The id of the request that is being answered; `None` outside of one.
#[must_use]
pub fn current_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// Runs work of the request `id` on another thread than its own.
pub fn within<T>(id: Option<String>, work: impl FnOnce() -> T) -> T {
    match id {
        Some(id) => REQUEST_ID.sync_scope(id, work),
        None => work(),
    }
}

/// The same work, on behalf of the same request wherever it is awaited: a task of its own goes on
/// when the caller hangs up, and still says who asked.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let id = current_id();
    async move {
        match id {
            Some(id) => REQUEST_ID.scope(id, work).await,
            None => work.await,
        }
    }
}
