//! The heartbeat that systemd and the launcher hear (`sd_notify(3)`): only while the writer takes work, the
//! runtime runs its tasks, readings are taken and the page answers. Without one the appliance is started again.
//! It is the only one: a second that looks at less would hide what this one misses.

use crate::store::Store;
use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixDatagram};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// How long the writer and the page may take to answer; a commit on a slow disk takes a second.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked at the longest. The launcher gives up after 30 s: a look that a slow disk spoils
/// is followed by another one in time.
const EVERY_MAX: Duration = Duration::from_secs(5);

/// A part that has to live besides the writer and the page.
pub struct Vital {
    /// What is to be said when it does not.
    pub trouble: &'static str,
    /// Whether it does.
    pub is_well: Box<dyn Fn() -> bool + Send + Sync>,
}

/// What has to live.
pub struct Body {
    /// Whose writer takes work.
    pub store: Store,
    /// Where the page is.
    pub page: SocketAddr,
    /// What else there is.
    pub vitals: Vec<Vital>,
    /// What the launcher hears besides, a line each, with every beat.
    pub besides: Box<dyn Fn() -> String + Send + Sync>,
}

/// Tells systemd how it goes.
#[derive(Debug)]
pub struct Watchdog {
    socket: UnixDatagram,
    to: UnixAddress,
    every: Duration,
}

impl Watchdog {
    /// As the environment of the service says; nothing where systemd did not start it.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let to = std::env::var_os("NOTIFY_SOCKET").filter(|to| !to.is_empty())?;
        let asked = std::env::var("WATCHDOG_USEC").ok();
        let asked = asked.and_then(|text| text.parse().ok());
        Self::to(&to, asked.map(Duration::from_micros))
    }

    /// To this socket, within this time.
    #[must_use]
    pub fn to(to: &OsStr, within: Option<Duration>) -> Option<Self> {
        // An address that begins with @ has no file.
        let to = match to.as_bytes().strip_prefix(b"@") {
            Some(name) => UnixAddress::from_abstract_name(name),
            None => UnixAddress::from_pathname(to),
        };
        let within = within.map_or(EVERY_MAX, |within| within / 3);
        Some(Self {
            socket: UnixDatagram::unbound().ok()?,
            to: to.ok()?,
            every: within.min(EVERY_MAX),
        })
    }

    /// Says that the page is served, then beats until `stop`.
    pub async fn run(self, body: Body, stop: CancellationToken) {
        let page = body.page;
        self.say(&format!(
            "READY=1\nWATCHDOG=1\nX_INDUSMIND_ADDRESS={page}\nSTATUS=Serving at {page}"
        ));
        loop {
            match alive(&body, ANSWER_WITHIN).await {
                Ok(()) => self.say(&format!("WATCHDOG=1{}", (body.besides)())),
                Err(what) => tracing::error!("{what}; no heartbeat is given"),
            }
            let slept = stop.run_until_cancelled(tokio::time::sleep(self.every));
            if slept.await.is_none() {
                self.say("STOPPING=1");
                return;
            }
        }
    }

    fn say(&self, text: &str) {
        if let Err(error) = self.socket.send_to_addr(text.as_bytes(), &self.to) {
            tracing::warn!(%error, "systemd cannot be told how it goes");
        }
    }
}

/// Whether the writer takes work, a question is answered at the page, and everything else is well.
async fn alive(body: &Body, within: Duration) -> Result<(), &'static str> {
    let writer = tokio::time::timeout(within, body.store.pulse());
    writer.await.map_err(|_| "the writer hangs")?;
    if let Some(vital) = body.vitals.iter().find(|vital| !(vital.is_well)()) {
        return Err(vital.trouble);
    }
    let mut page = body.page;
    if page.ip().is_unspecified() {
        page.set_ip(match page.ip() {
            std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    match tokio::time::timeout(within, ask(page)).await {
        Ok(Ok(head)) if &head == b"HTTP/" => Ok(()),
        _ => Err("the page does not answer"),
    }
}

/// The head of the answer: plain HTTP is answered in some way on every port. The kernel alone would let
/// somebody in, too.
async fn ask(page: SocketAddr) -> io::Result<[u8; 5]> {
    let mut visit = TcpStream::connect(page).await?;
    let question =
        format!("GET /health/live HTTP/1.1\r\nHost: {page}\r\nConnection: close\r\n\r\n");
    visit.write_all(question.as_bytes()).await?;
    let mut head = [0; 5];
    visit.read_exact(&mut head).await?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn body_of(store: &Store, page: SocketAddr, taken: &Arc<AtomicBool>) -> Body {
        let taken = Arc::clone(taken);
        let readings = Vital {
            trouble: "readings are not taken",
            is_well: Box::new(move || taken.load(Ordering::SeqCst)),
        };
        Body {
            store: store.clone(),
            page,
            vitals: vec![readings],
            besides: Box::new(|| "\nX_INDUSMIND_DEVICES=1/2 Boiler".to_owned()),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_beats_while_the_writer_and_the_page_answer_and_not_else() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("data"), "test").unwrap();
        let path = dir.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let page = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            while let Ok((mut visitor, _)) = listener.accept().await {
                let _ = visitor.read(&mut [0; 16]).await;
                let _ = visitor.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            }
        });
        let stop = CancellationToken::new();
        let watchdog = Watchdog::to(path.as_os_str(), Some(Duration::from_millis(30))).unwrap();
        let taken = Arc::new(AtomicBool::new(true));
        let body = || body_of(&store, page, &taken);
        let beating = tokio::spawn(watchdog.run(body(), stop.clone()));
        let heard = tokio::task::spawn_blocking(move || {
            let mut words = Vec::new();
            let mut bytes = [0; 256];
            for _ in 0..4 {
                let length = systemd.recv(&mut bytes).unwrap();
                words.push(String::from_utf8_lossy(&bytes[..length]).trim().to_owned());
            }
            words
        });
        let heard = heard.await.unwrap();
        let ready =
            format!("READY=1\nWATCHDOG=1\nX_INDUSMIND_ADDRESS={page}\nSTATUS=Serving at {page}");
        assert_eq!(heard[0], ready);
        let beat = "WATCHDOG=1\nX_INDUSMIND_DEVICES=1/2 Boiler";
        assert_eq!(heard[1..], [beat; 3]);
        stop.cancel();
        beating.await.unwrap();

        let short = Duration::from_millis(50);
        assert_eq!(alive(&body(), Duration::from_secs(60)).await, Ok(()));
        taken.store(false, Ordering::SeqCst);
        assert_eq!(
            alive(&body(), Duration::from_secs(60)).await,
            Err("readings are not taken")
        );
        taken.store(true, Ordering::SeqCst);
        served.abort();
        let _ = served.await;
        assert_eq!(
            alive(&body(), Duration::from_secs(60)).await,
            Err("the page does not answer")
        );
        // A writer that hangs until it is let go.
        let (let_go, held) = std::sync::mpsc::channel::<()>();
        let (begun, inside) = std::sync::mpsc::channel();
        let busy = store.clone();
        let writer = std::thread::spawn(move || {
            busy.write_blocking(move |_| {
                begun.send(()).unwrap();
                let _ = held.recv();
                Ok(())
            })
        });
        inside.recv().unwrap();
        assert_eq!(alive(&body(), short).await, Err("the writer hangs"));
        let_go.send(()).unwrap();
        writer.join().unwrap().unwrap();
    }
}
