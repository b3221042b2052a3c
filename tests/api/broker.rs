//! A broker that is not ours: mosquitto, in a directory of its own, on a free port.

use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, PublishOptions, QoS};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Who may sign in, and with what.
pub const USER: (&str, &str) = ("plant", "Broker-7");

/// A running broker.
pub struct Broker {
    /// Its port on this machine.
    pub port: u16,
    directory: TempDir,
    tls: bool,
    running: Option<Child>,
}

/// The broker's program; `None`, with a line that says so, where it is not installed.
fn program() -> Option<&'static str> {
    let found = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"]
        .into_iter()
        .find(|path| Path::new(path).is_file());
    if found.is_none() {
        let why = "NOT RUN: there is no broker to test with. Run: apt-get install mosquitto\n";
        let _ = std::io::stderr().write_all(why.as_bytes());
    }
    found
}

impl Broker {
    /// A broker that lets [`USER`] in; `None` where none is installed.
    pub async fn start() -> Option<Self> {
        Self::with(false).await
    }

    /// As [`Broker::start`], encrypted, with a certificate of its own authority.
    pub async fn encrypted() -> Option<Self> {
        Self::with(true).await
    }

    async fn with(tls: bool) -> Option<Self> {
        let program = program()?;
        let directory = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let at = directory.path();
        run(Command::new("mosquitto_passwd")
            .args(["-b", "-c"])
            .arg(at.join("users"))
            .args([USER.0, USER.1]));
        let place = at.display();
        let mut settings = format!(
            "listener {port} 127.0.0.1\nuser root\nallow_anonymous false\n\
             password_file {place}/users\npersistence true\npersistence_location {place}/\n\
             autosave_on_changes true\nautosave_interval 1\n"
        );
        if tls {
            certificates(at);
            write!(
                settings,
                "certfile {place}/broker.pem\nkeyfile {place}/broker.key\n"
            )
            .unwrap();
        }
        std::fs::write(at.join("mosquitto.conf"), settings).unwrap();
        let mut broker = Self {
            port,
            directory,
            tls,
            running: None,
        };
        broker.run(program).await;
        Some(broker)
    }

    async fn run(&mut self, program: &str) {
        let child = Command::new(program)
            .arg("-c")
            .arg(self.directory.path().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.running = Some(child);
        let port = self.port;
        crate::support::eventually("the broker to listen", || async {
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .ok()
        })
        .await;
    }

    /// Ends it as a power cut of its machine would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end, and waits: it writes down what it keeps for its clients.
    pub fn stop(&mut self) {
        let Some(mut child) = self.running.take() else {
            return;
        };
        run(Command::new("kill").arg(child.id().to_string()));
        let _ = child.wait();
    }

    /// Starts it again with what it kept.
    pub async fn start_again(&mut self) {
        self.run(program().unwrap()).await;
    }

    /// The certificate of its authority, PEM.
    pub fn authority(&self) -> String {
        assert!(self.tls);
        std::fs::read_to_string(self.directory.path().join("ca.pem")).unwrap()
    }

    /// Publishes, and waits until the broker has it.
    pub async fn publish(&self, topic: &str, payload: &str, retain: bool) {
        let name = format!("sensor-{}", indusmind::base::EquipmentId::new());
        let broker = rumqttc::Broker::tcp("127.0.0.1", self.port);
        let mut options = MqttOptions::new(name, broker);
        options.set_credentials(USER.0, USER.1);
        let (client, mut events) = AsyncClient::builder(options).capacity(8).build();
        let how = PublishOptions::new(QoS::AtLeastOnce).retain(retain);
        client
            .publish(topic, payload.to_owned(), how)
            .await
            .unwrap();
        loop {
            if let Event::Incoming(Incoming::PubAck(_)) = events.poll().await.unwrap() {
                return;
            }
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An authority, and a certificate of it for this machine.
pub fn certificates(at: &Path) {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        run(command.args(arguments.split(' ')).current_dir(at));
    };
    std::fs::write(
        at.join("names"),
        "subjectAltName=IP:127.0.0.1,DNS:localhost\n",
    )
    .unwrap();
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=Plant \
         -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign",
    );
    openssl("req -newkey rsa:2048 -nodes -keyout broker.key -out broker.csr -subj /CN=broker");
    openssl(
        "x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out broker.pem \
         -days 30 -extfile names",
    );
}

fn run(command: &mut Command) {
    let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let done = done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.success(), "{command:?}: {done}");
}
