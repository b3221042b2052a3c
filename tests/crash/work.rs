//! What keeps the appliance busy until it is killed: writers of equipment, watchers of values.

use crate::Chance;
use crate::client::{Client, Failure, Outcome};
use crate::ledger::{Fields, Ledger, Shown};
use std::sync::{Arc, Mutex};

/// A writer that has more than this much deletes rather than creates: the list is read each round.
const OWNED_MAX: usize = 60;

pub(crate) type Shared = Arc<Mutex<Ledger>>;

/// Changes equipment as fast as it is answered, until the connection is cut. `owner` starts the
/// names of what is its own.
pub(crate) async fn write(
    client: Client,
    ledger: Shared,
    owner: String,
    round: u32,
    mut chance: Chance,
) {
    for step in 0_u32.. {
        let done = change(&client, &ledger, &owner, (round, step), &mut chance).await;
        if ended(done, "a writer") {
            return;
        }
    }
}

async fn change(
    client: &Client,
    ledger: &Shared,
    owner: &str,
    (round, step): (u32, u32),
    chance: &mut Chance,
) -> Outcome<()> {
    let owned = ledger.lock().unwrap().present(owner);
    let fields = Fields {
        model: format!("model {round}-{step}"),
        location: format!("Hall {}", chance.below(9)),
    };
    let creates = if owned.len() < OWNED_MAX { 50 } else { 15 };
    let dice = chance.below(100);
    if owned.is_empty() || dice < creates {
        let name = format!("{owner}{round}-{step}");
        ledger.lock().unwrap().ask(&name, Some(fields.clone()));
        let id = client.create(&name, &fields, None).await?;
        ledger.lock().unwrap().acknowledge(&name, Some(id));
        return Ok(());
    }
    let (name, id) = &owned[usize::try_from(chance.below(owned.len() as u64)).unwrap()];
    if dice < 80 {
        ledger.lock().unwrap().ask(name, Some(fields.clone()));
        client.update(id, &fields).await?;
    } else {
        ledger.lock().unwrap().ask(name, None);
        client.delete(id).await?;
    }
    ledger.lock().unwrap().acknowledge(name, None);
    Ok(())
}

/// Notes each good value that the API shows of this equipment, until the connection is cut.
pub(crate) async fn watch(client: Client, ledger: Shared, id: String) {
    loop {
        let shown = async {
            for (metric, at, value) in client.live(&id).await? {
                let shown = Shown::new(&id, &metric, &at, value);
                ledger.lock().unwrap().show(shown);
            }
            Ok(())
        };
        if ended(shown.await, "a watcher") {
            return;
        }
    }
}

/// Whether the connection was cut. Any refusal is a fault: the requests are right.
fn ended(done: Outcome<()>, who: &str) -> bool {
    match done {
        Ok(()) => false,
        Err(Failure::Cut) => true,
        Err(Failure::Refused(status, body)) => panic!("{who} was refused: {status} {body}"),
    }
}
