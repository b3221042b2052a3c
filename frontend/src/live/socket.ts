// The only WebSocket of the page: connect, notice silence, back off, resume.
// It promises to say "lost" within three seconds of the last frame, whatever the network does, and
// not before three seconds of trying where there was no frame yet: a page that opens is no loss.
// It will not replay anything: after a gap the server sends the state again.
import { LONGEST_DELAY_MS, retryDelayMs } from './backoff';
import { readFrame, type Frame, type Topic } from './frames';

/** The server beats every second; two missed beats and a half are a loss. */
export const SILENCE_MS = 2_500;
/** Who has just come has lost nothing: an appliance that is busy may take this long to let him in. */
export const FIRST_MS = 3_000;
const WATCH_MS = 100;
/** A look that comes this late was held up by the page itself, or by a machine that slept; what was
 * said meanwhile lies behind it. */
const LATE_MS = 1_500;
/** A ticket or a handshake that takes longer than this is given up and tried again. */
const ATTEMPT_MS = 8_000;
/** The longest wait while an update takes the appliance away: it is known to come back. */
const UPDATING_DELAY_MS = 4_000;

/** An update may be undone so long after it seemed to be done: its trial, and the way back. */
const UNDONE_WITHIN_MS = 180_000;

export interface Connection {
  phase: 'idle' | 'connecting' | 'open' | 'lost';
  /** When the last frame was heard, while the connection is lost. */
  lostSince: number | null;
  retryAt: number | null;
  /** It is lost because the appliance is being updated, as it said itself. */
  updating: boolean;
  /** Counts the connections; a value from an earlier one is not current. */
  epoch: number;
}

export const IDLE: Connection = {
  phase: 'idle',
  lostSince: null,
  retryAt: null,
  updating: false,
  epoch: 0,
};

export interface SocketPorts {
  /** Returns the address with a fresh ticket; rejects when there is none. */
  address: () => Promise<string>;
  /** True when retrying is pointless because the session has ended. */
  isFinal: (error: unknown) => boolean;
  onFrame: (frame: Frame) => void;
  onChange: (connection: Connection) => void;
}

export class LiveSocket {
  private connection: Connection = { ...IDLE };
  private socket: WebSocket | null = null;
  private topics = new Map<string, Topic>();
  private attempt = 0;
  private failures = 0;
  private heardAt = 0;
  private watchedAt = 0;
  /** The last look came late and decided nothing. */
  private spared = false;
  /** It said that it updates, and when it was back after that. */
  private announced = false;
  private updatedAt = -Infinity;
  private longestDelayMs = LONGEST_DELAY_MS;
  private attemptMs = ATTEMPT_MS;
  private watchTimer: ReturnType<typeof setInterval> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private attemptTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ports: SocketPorts) {}

  start(): void {
    if (this.connection.phase !== 'idle') return;
    this.heardAt = this.watchedAt = Date.now();
    this.change({ phase: 'connecting' });
    this.watchTimer = setInterval(() => this.watch(), WATCH_MS);
    void this.connect();
  }

  stop(): void {
    clearInterval(this.watchTimer);
    clearTimeout(this.retryTimer);
    this.drop();
    this.failures = 0;
    this.change({ phase: 'idle', lostSince: null, retryAt: null });
  }

  /** For a person who presses the button, and for a panel whose network is back. */
  retryNow(): void {
    if (this.connection.phase === 'lost' && this.connection.retryAt !== null) void this.connect();
  }

  /** For a wall, where nobody presses a button: no attempt and no wait is longer than this. */
  hurry(longestMs: number): void {
    this.longestDelayMs = longestMs;
    this.attemptMs = longestMs;
  }

  subscribe(topic: Topic): void {
    this.topics.set(JSON.stringify(topic), topic);
    this.tell('subscribe', topic);
  }

  unsubscribe(topic: Topic): void {
    this.topics.delete(JSON.stringify(topic));
    this.tell('unsubscribe', topic);
  }

  private tell(event: 'subscribe' | 'unsubscribe', topic: Topic): void {
    if (this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ event, data: topic }));
  }

  private async connect(): Promise<void> {
    clearTimeout(this.retryTimer);
    this.drop();
    const attempt = ++this.attempt;
    this.change({ retryAt: null });
    this.attemptTimer = setTimeout(() => this.fail(attempt), this.attemptMs);
    try {
      const address = await this.ports.address();
      if (attempt === this.attempt) this.open(address, attempt);
    } catch (error) {
      if (attempt !== this.attempt) return;
      if (this.ports.isFinal(error)) this.stop();
      else this.fail(attempt);
    }
  }

  private open(address: string, attempt: number): void {
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => {
      for (const topic of this.topics.values()) this.tell('subscribe', topic);
    };
    socket.onmessage = (message: MessageEvent) => {
      if (attempt === this.attempt) this.hear(message.data);
    };
    socket.onclose = ({ reason }) => this.fail(attempt, reason === 'update');
  }

  private hear(text: unknown): void {
    this.heardAt = Date.now();
    clearTimeout(this.attemptTimer);
    if (this.connection.phase !== 'open') {
      this.failures = 0;
      if (this.announced) this.updatedAt = this.heardAt;
      this.announced = false;
      const epoch = this.connection.epoch + 1;
      this.change({ ...IDLE, phase: 'open', epoch });
    }
    const frame = readFrame(text);
    if (frame) this.ports.onFrame(frame);
  }

  private watch(): void {
    const now = Date.now();
    const late = now - this.watchedAt > LATE_MS;
    this.watchedAt = now;
    // The next look decides: the frames that waited are heard before it. In a hidden tab all looks
    // are late, so that none is spared after another.
    this.spared = late && !this.spared;
    if (this.spared) return;
    const silentMs = now - this.heardAt;
    if (this.connection.phase === 'open' && silentMs > SILENCE_MS) this.fail(this.attempt);
    else if (this.connection.phase === 'connecting' && silentMs > FIRST_MS)
      this.change({ phase: 'lost', lostSince: this.heardAt });
  }

  private fail(attempt: number, updating = false): void {
    if (attempt !== this.attempt || this.connection.phase === 'idle') return;
    this.drop();
    this.failures += 1;
    const lostSince = this.connection.lostSince ?? this.heardAt;
    this.announced ||= updating;
    const undone = this.heardAt - this.updatedAt < UNDONE_WITHIN_MS;
    const said = updating || this.connection.updating || undone;
    const longest = Math.min(this.longestDelayMs, said ? UPDATING_DELAY_MS : Infinity);
    const delay = retryDelayMs(this.failures, longest);
    const retryAt = Date.now() + delay;
    if (this.connection.phase === 'connecting') this.change({ retryAt, updating: said });
    else this.change({ phase: 'lost', lostSince, retryAt, updating: said });
    this.retryTimer = setTimeout(() => void this.connect(), delay);
  }

  /** Forgets the present attempt; whatever it still says is not listened to. */
  private drop(): void {
    this.attempt += 1;
    clearTimeout(this.attemptTimer);
    clearTimeout(this.retryTimer);
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private change(part: Partial<Connection>): void {
    this.connection = { ...this.connection, ...part };
    this.ports.onChange(this.connection);
  }
}
