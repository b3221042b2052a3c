//! What the launcher and the service manager hear of a running appliance, and what they tell it.
//!
//! A sign of life is given only when the writer of the store and the page both answered: a sign
//! from a thread that has nothing to do proves nothing.

use crate::base::Error;
use crate::launcher::manager::tell_manager;
use crate::store::Store;
use crate::update::Answering;
use std::io::BufRead as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// How often the parts are asked.
const BEAT_EVERY: Duration = Duration::from_secs(5);
/// How long a part may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Says that it is ready, and gives signs of life until `stop`.
/// `answering` says on trial whether the devices answer as before.
pub(super) fn ready(
    address: SocketAddr,
    (store, answering): (
        Store,
        impl Fn() -> Option<Answering> + Send + Sync + 'static,
    ),
    stop: CancellationToken,
) {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    tell_manager(&format!(
        "READY=1\nWATCHDOG=1\nX_INDUSMIND_ADDRESS={address}\nSTATUS=Serving at {address}"
    ));
    let asked = super::this_machine(address);
    tokio::spawn(async move {
        let beat = async {
            loop {
                tokio::time::sleep(BEAT_EVERY).await;
                let parts = async { writer_answers(&store).await && page_answers(asked).await };
                if tokio::time::timeout(ANSWER_WITHIN, parts).await == Ok(true) {
                    let devices = answering().map_or_else(String::new, |told| devices(&told));
                    tell_manager(&format!("WATCHDOG=1{devices}"));
                } else {
                    tracing::error!("the writer or the page did not answer in time");
                }
            }
        };
        stop.run_until_cancelled(beat).await;
        tell_manager("STOPPING=1");
    });
}

/// What the launcher hears of the devices. Names are of people: one may not end the line.
fn devices(told: &Answering) -> String {
    let names = told.silent.join(", ").replace(char::is_control, " ");
    format!("\nX_INDUSMIND_DEVICES={}/{} {names}", told.now, told.before)
}

/// Whether the writer thread takes work. The transaction is given up, so nothing is written.
async fn writer_answers(store: &Store) -> bool {
    let (said, heard) = tokio::sync::oneshot::channel();
    let asked = store.write(move |_| {
        let _ = said.send(());
        Err::<(), _>(Error::conflict("Only a sign of life."))
    });
    let _ = asked.await;
    // A disk that refuses is no hang: it heals by itself, and a restart would not help.
    heard.await.is_ok() || !store.is_healthy()
}

/// Whether connections are taken and answered; plain HTTP is, in some way, on every port.
async fn page_answers(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let question =
            format!("GET /health/live HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(question.as_bytes()).await?;
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        Ok::<_, std::io::Error>(head)
    };
    asked.await.is_ok_and(|head| &head == b"HTTP/")
}

/// Listens to the launcher: `committed` calls `kept`, and the end of its voice asks for the stop.
pub(super) fn obey_launcher(stop: CancellationToken, kept: impl Fn() + Send + 'static) {
    if std::env::var_os("INDUSMIND_LAUNCHED").is_none() {
        return;
    }
    // A thread of its own: reading cannot be called off, and must not hold the runtime up.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line == "committed" {
                kept();
            }
        }
        stop.cancel();
    });
}
