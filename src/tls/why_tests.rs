//! What a person is told when a server shows a certificate that is not taken, with real handshakes.

use super::authority::pem;
use super::outgoing::Trust;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a server shows, its key, and the authority that is given for it.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
    authority: String,
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

/// As text that is given to an outlet.
fn text(certificate: &CertificateDer<'_>) -> String {
    pem(&STANDARD.encode(certificate))
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut of = params("authority.test");
    of.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(of, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate that this authority signed.
fn signed(of: &CertificateParams, by: &Issuer<'_, KeyPair>, authority: String) -> Shown {
    let key = KeyPair::generate().unwrap();
    let chain = vec![of.signed_by(&key, by).unwrap().der().clone()];
    Shown {
        chain,
        key,
        authority,
    }
}

/// What the try of a connection says.
async fn told(shown: Shown) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(shown.key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(super::identity::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(shown.chain, key)
        .unwrap();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(TlsAcceptor::from(Arc::new(config)).accept(stream).await);
    });
    let stream = TcpStream::connect(to).await.unwrap();
    let trust = Trust::default();
    let tried = trust.encrypt(Some(&shown.authority), "mail.test", stream);
    let tried = tried.await.map(drop);
    serving.await.unwrap();
    tried
}

#[tokio::test]
async fn each_certificate_that_is_not_taken_has_its_own_sentence() {
    let (own, other) = (authority(), authority());
    told(signed(&params("mail.test"), &own, text(own.der())))
        .await
        .unwrap();

    let refused = told(signed(&params("mail.test"), &own, text(other.der()))).await;
    let sentence = refused.unwrap_err();
    assert!(
        sentence.contains("Nobody who is trusted here"),
        "{sentence}"
    );
    assert!(sentence.contains("mail.test"), "{sentence}");

    let refused = told(signed(&params("post.test"), &own, text(own.der()))).await;
    let sentence = refused.unwrap_err();
    assert!(sentence.contains("is for another name"), "{sentence}");
    assert!(sentence.contains("post.test"), "{sentence}");

    let mut old = params("mail.test");
    old.not_before = rcgen::date_time_ymd(2001, 1, 1);
    old.not_after = rcgen::date_time_ymd(2002, 1, 1);
    let sentence = told(signed(&old, &own, text(own.der()))).await.unwrap_err();
    assert!(sentence.contains("has expired"), "{sentence}");

    let mut early = params("mail.test");
    early.not_before = rcgen::date_time_ymd(2990, 1, 1);
    early.not_after = rcgen::date_time_ymd(2991, 1, 1);
    let sentence = told(signed(&early, &own, text(own.der())))
        .await
        .unwrap_err();
    assert!(sentence.contains("not valid yet"), "{sentence}");

    // Signed by itself as an authority: what `openssl req -x509` makes.
    let key = KeyPair::generate().unwrap();
    let mut both = params("mail.test");
    both.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = both.self_signed(&key).unwrap();
    let sentence = told(Shown {
        chain: vec![certificate.der().clone()],
        key,
        authority: text(certificate.der()),
    })
    .await
    .unwrap_err();
    assert!(sentence.contains("CA:FALSE"), "{sentence}");

    // Signed by itself as a server's: it vouches for itself.
    let key = KeyPair::generate().unwrap();
    let certificate = params("mail.test").self_signed(&key).unwrap();
    told(Shown {
        chain: vec![certificate.der().clone()],
        key,
        authority: text(certificate.der()),
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_told_as_that() {
    use tokio::io::AsyncWriteExt as _;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"220 mail.test ESMTP\r\n").await.unwrap();
        stream
    });
    let stream = TcpStream::connect(to).await.unwrap();
    let authority = text(authority().der());
    let trust = Trust::default();
    let refused = trust.encrypt(Some(&authority), "mail.test", stream).await;
    let sentence = refused.map(drop).unwrap_err();
    assert!(sentence.contains("but not in TLS"), "{sentence}");
    drop(serving.await.unwrap());
}
