//! A certificate nobody trusts unless told to, and TLS in front of a server that has none.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// For `localhost`, signed by itself.
pub struct Certificate {
    folder: tempfile::TempDir,
}

impl Certificate {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Self { folder };
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(certificate.with_key())
            .arg("-out")
            .arg(certificate.alone())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let key = std::fs::read_to_string(certificate.with_key()).unwrap();
        let both = key + &std::fs::read_to_string(certificate.alone()).unwrap();
        std::fs::write(certificate.with_key(), both).unwrap();
        certificate
    }

    /// What a server needs: key and certificate in one file.
    pub fn with_key(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// What a client needs to trust it.
    pub fn alone(&self) -> PathBuf {
        self.folder.path().join("trusted.crt")
    }

    /// Listens with TLS on a port of its own for a server without; as long as what it returns is kept.
    pub async fn in_front_of(&self, server: SocketAddr) -> (u16, JoinSet<()>) {
        let chain = vec![CertificateDer::from_pem_file(self.alone()).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.with_key()).unwrap();
        let settings = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(settings));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    // A client that does not trust the certificate hangs up here.
                    let Ok(mut inside) = acceptor.accept(stream).await else { return };
                    let mut outside = TcpStream::connect(server).await.unwrap();
                    drop(copy_bidirectional(&mut inside, &mut outside).await);
                });
            }
        });
        (port, tasks)
    }
}
