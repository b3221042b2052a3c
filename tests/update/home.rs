//! A home with two versions that are stand-ins, and the launcher on it.

pub(crate) use launcher::record::{Record, State};

use launcher::arm::{Request, arm};
use launcher::files::{Files, hash_file};
use launcher::home::Home;
use launcher::record::{Pair, Slot};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

use indusmind::launcher;

/// How long a line may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// After which a version that is never well is given up, s; of one that ends its trial by itself a
/// busy machine may take long to start the interpreter.
const UNWELL_S: u32 = 3;
const UNWELL_BUSY_S: u32 = 60;

/// A home in a directory of its own.
pub(crate) struct Place {
    home: Home,
    port: u16,
    dir: TempDir,
    /// When a trial is given up, s.
    pub(crate) unwell_s: u32,
}

fn stand_in(version: &str, behaviour: &str) -> String {
    include_str!("appliance.py")
        .replace("@VERSION@", version)
        .replace("@BEHAVIOUR@", behaviour)
}

impl Place {
    /// Version 1 does well and runs; version 2 behaves so.
    pub(crate) fn new(behaviour: &str) -> Self {
        Self::with("good", behaviour)
    }

    pub(crate) fn with(first: &str, second: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (home, files) = (Home::at(dir.path().to_path_buf()), Files::default());
        fs::create_dir_all(home.data(1).join("readings")).unwrap();
        fs::write(home.data(1).join("rows"), "row 1\nrow 2\n").unwrap();
        for number in 0..20 {
            let volume = home.data(1).join(format!("readings/{number}.redb"));
            fs::write(volume, vec![7; 200_000]).unwrap();
        }
        fs::write(dir.path().join("one"), stand_in("1", first)).unwrap();
        fs::write(dir.path().join("two"), stand_in("2", second)).unwrap();
        let hash = home.fill(&files, Slot::A, &dir.path().join("one")).unwrap();
        let current = Pair {
            slot: Slot::A,
            hash,
            version: "1".to_owned(),
            data: 1,
        };
        home.write(&files, &mut Record::first(current)).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let is_never_well = [
            "hangs",
            "hangs while it looks",
            "answers 500",
            "loses devices",
        ]
        .contains(&second);
        Self {
            home,
            port,
            dir,
            unwell_s: if is_never_well {
                UNWELL_S
            } else {
                UNWELL_BUSY_S
            },
        }
    }

    /// Asks for version 2.
    pub(crate) fn arm(&self) {
        let binary = self.dir.path().join("two");
        let request = Request {
            hash: &hash_file(&binary).unwrap(),
            binary: &binary,
            version: "2",
            key: "",
            manifest: "",
            asked_by: "a test",
        };
        arm(&self.home, &Files::default(), &request).unwrap();
    }

    /// Starts the launcher, in a group of its own.
    pub(crate) fn launch(&self) -> Launcher {
        let mut child = Command::new(env!("CARGO_BIN_EXE_indusmind-launcher"))
            .args([
                "start",
                "--healthy-seconds",
                "1",
                "--unwell-seconds",
                &self.unwell_s.to_string(),
                "--home",
            ])
            .arg(self.dir.path())
            .args(["--", "run", "--listen", &format!("127.0.0.1:{}", self.port)])
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let out: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for stream in out {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Launcher { child, lines }
    }

    pub(crate) fn record(&self) -> Record {
        self.home.record().unwrap()
    }

    pub(crate) fn rows(&self, data: u32) -> String {
        fs::read_to_string(self.home.data(data).join("rows")).unwrap()
    }

    /// Whether a version ever found data that it must not have.
    pub(crate) fn is_mixed(&self) -> bool {
        self.dir.path().join("mixed").exists()
    }

    /// Lets version 1 do well from now on.
    pub(crate) fn mend(&self) {
        let (files, one) = (Files::default(), self.dir.path().join("one"));
        fs::write(&one, stand_in("1", "good")).unwrap();
        let mut record = self.record();
        record.current.hash = self.home.fill(&files, Slot::A, &one).unwrap();
        self.home.write(&files, &mut record).unwrap();
    }

    /// Changes the binary that runs, as a bad disk would.
    pub(crate) fn break_binary(&self) {
        let path: PathBuf = self.home.binary(self.record().current.slot);
        fs::write(path, "#!/bin/sh\nexit 0\n").unwrap();
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.get_in(path, "")
    }

    /// Asks as a browser that likes these languages.
    pub(crate) fn get_in(&self, path: &str, likes: &str) -> String {
        let question =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Language: {likes}\r\n\r\n");
        text_of(&self.ask(question.as_bytes()))
    }

    pub(crate) fn post(&self, path: &str, code: &str) -> String {
        text_of(&self.post_bytes(path, code))
    }

    pub(crate) fn post_bytes(&self, path: &str, code: &str) -> Vec<u8> {
        let form = format!("code={code}");
        let length = form.len();
        let question =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{form}");
        self.ask(question.as_bytes())
    }

    /// Sends the form of the page with a file, as a browser does.
    pub(crate) fn post_file(&self, path: &str, code: &str, file: &[u8]) -> String {
        let part = "--a-line\r\nContent-Disposition: form-data; name=";
        let mut form = format!(
            "{part}\"code\"\r\n\r\n{code}\r\n{part}\"file\"; filename=\"data.tar\"\r\n\
             Content-Type: application/x-tar\r\n\r\n"
        )
        .into_bytes();
        form.extend(file);
        form.extend(b"\r\n--a-line--\r\n");
        let mut question = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=a-line\r\n\
             Content-Length: {}\r\n\r\n",
            form.len()
        )
        .into_bytes();
        question.extend(form);
        text_of(&self.ask(&question))
    }

    /// A connection that says nothing.
    pub(crate) fn silent_guest(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// Takes the rows away, as a bad disk would.
    pub(crate) fn lose_rows(&self) {
        fs::write(self.home.data(self.record().current.data).join("rows"), "").unwrap();
    }

    fn ask(&self, question: &[u8]) -> Vec<u8> {
        let until = Instant::now() + PATIENCE;
        loop {
            // The page opens a moment after the line that tells of it.
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
                stream.write_all(question).unwrap();
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                return answer;
            }
            assert!(Instant::now() < until, "nobody answers");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn text_of(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).into_owned()
}

/// A running launcher; killed with its child when it is dropped.
pub(crate) struct Launcher {
    child: Child,
    lines: Receiver<String>,
}

impl Launcher {
    /// Waits for a line with this in it.
    pub(crate) fn says(&mut self, part: &str) -> String {
        self.until(&|line| line.contains(part).then(|| line.to_owned()), part)
    }

    /// Waits for one of these lines; which.
    pub(crate) fn says_one_of(&mut self, parts: &[&str]) -> String {
        let found = |line: &str| {
            let part = parts.iter().find(|part| line.contains(**part))?;
            Some((*part).to_owned())
        };
        self.until(&found, &parts.join(" or "))
    }

    fn until(&mut self, found: &dyn Fn(&str) -> Option<String>, what: &str) -> String {
        let (until, mut said) = (Instant::now() + PATIENCE, Vec::new());
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("it never said {what}, but: {said:#?}");
            };
            if let Some(line) = found(&line) {
                return line;
            }
            said.push(line);
        }
    }

    /// Asks it to stop and waits for the end.
    pub(crate) fn stop(mut self) {
        self.signal("TERM", &self.child.id().to_string());
        assert!(self.child.wait().unwrap().success());
    }

    /// Kills it and all it started, at once.
    pub(crate) fn kill(mut self) {
        self.signal("KILL", &format!("-{}", self.child.id()));
        self.child.wait().unwrap();
    }

    fn signal(&self, name: &str, whom: &str) {
        let sent = Command::new("kill").args(["-s", name, "--", whom]).status();
        assert!(sent.expect("kill is needed for this test").success());
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.signal("KILL", &format!("-{}", self.child.id()));
            let _ = self.child.wait();
        }
    }
}
