import { reactive } from 'vue';
import { api, ApiError } from '../api';
import type { AgentState } from '../types';

/**
 * The agent's line: one RTCPeerConnection for the whole shift. A call needs no signalling here; the microphone's
 * track is put on the line while a call rings or talks, and taken off while idle.
 *
 * One page at a time has the line. Among the tabs of one browser the Web Lock says which; between browsers the
 * daemon does. `taken` says that it is another one, and the page asks whether to move it here.
 */
export const line = reactive({
  state: 'none' as 'none' | 'connecting' | 'up' | 'lost',
  problem: '',
  taken: null as null | { by: 'tab' | 'elsewhere'; where: string; since: string },
  level: 0,
  microphones: [] as MediaDeviceInfo[],
  speakers: [] as MediaDeviceInfo[],
  microphoneId: localStorage.getItem('hotlined.microphone') ?? '',
  speakerId: localStorage.getItem('hotlined.speaker') ?? '',
  ringerId: localStorage.getItem('hotlined.ringer') ?? '',
});

const LOCK = 'hotlined-line';
const RETRY_MS = 3000;
let pc: RTCPeerConnection | null = null;
let microphone: MediaStream | null = null;
let sender: RTCRtpSender | null = null;
let live = false; // a call wants the microphone
let negotiating = false;
let retryTimer = 0;
let meterTimer = 0;
let meterContext: AudioContext | null = null;
let giveLock: (() => void) | null = null;
const voice = new Audio();
voice.autoplay = true;
const ringer = new Audio('/ring.wav');
ringer.loop = true;

type WithSink = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
async function sendTo(element: HTMLAudioElement, deviceId: string): Promise<void> {
  const sink = element as WithSink;
  if (sink.setSinkId) await sink.setSinkId(deviceId);
}

/* --- who has the line ------------------------------------------------------------------------- */

/** True when this tab may have the line; `steal` takes it from the other tab. */
function takeLock(steal: boolean): Promise<boolean> {
  if (giveLock || !navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks
      .request(LOCK, steal ? { steal: true } : { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(false);
        resolve(true);
        return new Promise<void>((release) => (giveLock = release));
      })
      .catch(() => {
        giveLock = null; // stolen by another tab
        closeLine();
        line.taken = { by: 'tab', where: '', since: '' };
      });
  });
}

/** The daemon says that the person is signed in from another session. */
function isElsewhere(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.code !== 'agent.signed_in_elsewhere') return false;
  line.taken = { by: 'elsewhere', where: String(error.body.where ?? ''), since: String(error.body.since ?? '') };
  return true;
}

/* --- the microphone --------------------------------------------------------------------------- */

const microphoneWords: Record<string, string> = {
  NotAllowedError: '浏览器没有获准使用麦克风。请点地址栏左侧的图标，把「麦克风」改为允许，然后重试。',
  NotFoundError: '没有找到麦克风。请插好耳麦后重试。',
  NotReadableError: '麦克风被别的程序占用。请关闭占用它的程序后重试。',
  OverconstrainedError: '选定的麦克风已不在，请另选一个。',
};

async function takeMicrophone(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new Error('这个地址不是安全连接（https），浏览器不允许使用麦克风。');
  const wanted = (deviceId: string): Promise<MediaStream> =>
    navigator.mediaDevices.getUserMedia({
      audio: {
        deviceId: deviceId ? { exact: deviceId } : undefined,
        echoCancellation: true, noiseSuppression: true, autoGainControl: true,
      },
    });
  try {
    return await wanted(line.microphoneId);
  } catch (error) {
    const name = (error as DOMException).name;
    if (line.microphoneId && (name === 'OverconstrainedError' || name === 'NotFoundError')) return wanted('');
    throw new Error(microphoneWords[name] ?? `不能使用麦克风：${(error as Error).message}`);
  }
}

async function listDevices(): Promise<void> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  line.microphones = devices.filter((d) => d.kind === 'audioinput' && d.deviceId);
  line.speakers = devices.filter((d) => d.kind === 'audiooutput' && d.deviceId);
}

function meter(stream: MediaStream): void {
  stopMeter();
  meterContext = new AudioContext();
  const analyser = meterContext.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  meterContext.createMediaStreamSource(stream).connect(analyser);
  meterTimer = window.setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const rms = Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
    line.level = rms > 0 ? Math.max(0, Math.min(100, Math.round(100 + 20 * Math.log10(rms) * 1.6))) : 0;
  }, 100);
}

/** The level of the microphone that is open already. */
export function startMeter(): void {
  if (microphone) meter(microphone);
}
export function stopMeter(): void {
  window.clearInterval(meterTimer);
  void meterContext?.close();
  meterContext = null;
  line.level = 0;
}

/** A headset pulled out in a call: take what is left. */
function watchTrack(): void {
  const track = microphone?.getAudioTracks()[0];
  if (track) track.onended = () => void chooseMicrophone('').catch((e: Error) => (line.problem = e.message));
}

async function setLive(wanted: boolean): Promise<void> {
  live = wanted;
  await sender?.replaceTrack(wanted ? (microphone?.getAudioTracks()[0] ?? null) : null);
}

/* --- the connection --------------------------------------------------------------------------- */

/** Candidates go with the offer: the daemon answers once and does not trickle. */
function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, 1500);
    connection.addEventListener('icegatheringstatechange', () => {
      if (connection.iceGatheringState !== 'complete') return;
      window.clearTimeout(timer);
      resolve();
    });
  });
}

async function negotiate(connection: RTCPeerConnection, iceRestart: boolean): Promise<void> {
  if (negotiating) return;
  negotiating = true;
  try {
    await connection.setLocalDescription(await connection.createOffer({ iceRestart }));
    await gathered(connection);
    const answer = await api.put<{ sdp: string }>('/agent/line', { sdp: connection.localDescription!.sdp });
    await connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
  } finally {
    negotiating = false;
  }
}

/**
 * The network changed or was away: the same connection by an ICE restart, and a new one if that does not connect.
 * It goes on trying: an agent must not have to find out that his line is gone.
 */
async function restart(): Promise<void> {
  const connection = pc;
  window.clearTimeout(retryTimer);
  if (!connection || line.taken) return;
  line.state = 'lost';
  try {
    await negotiate(connection, true);
  } catch (error) {
    if (isElsewhere(error)) return closeLine();
    line.problem = `线路中断，正在重新接通：${(error as Error).message}`;
  }
  retryTimer = window.setTimeout(() => {
    if (pc === connection && line.state !== 'up') void keepLine();
  }, RETRY_MS);
}

/** A new line, and again until there is one; without a microphone the person has to do something first. */
export async function keepLine(): Promise<void> {
  try {
    await openLine();
  } catch (error) {
    if (!(error instanceof ApiError) || line.taken) return; // line.problem says why
    line.state = 'lost';
    retryTimer = window.setTimeout(() => void keepLine(), RETRY_MS);
  }
}

function watch(connection: RTCPeerConnection): void {
  connection.ontrack = (event) => {
    voice.srcObject = event.streams[0] ?? new MediaStream([event.track]);
    void voice.play().catch(() => (line.problem = '浏览器不让播放声音，请在页面上点一下。'));
  };
  connection.onconnectionstatechange = () => {
    if (pc !== connection) return;
    const state = connection.connectionState;
    if (state === 'connected') {
      line.state = 'up';
      line.problem = '';
    } else if (state === 'failed') void restart();
    else if (state === 'closed') void keepLine();
    else if (state === 'disconnected') line.state = 'lost';
  };
}

/** Opens the line anew: at sign-in, and by itself after a reload. `here` takes it from another tab. */
export async function openLine({ withMeter = false, here = false } = {}): Promise<void> {
  closeLine(true);
  line.state = 'connecting';
  line.problem = '';
  try {
    if (!(await takeLock(here))) {
      line.taken = { by: 'tab', where: '', since: '' };
      line.state = 'none';
      return;
    }
    line.taken = null;
    microphone = await takeMicrophone();
    watchTrack();
    await listDevices();
    if (withMeter) meter(microphone);
    const connection = new RTCPeerConnection();
    pc = connection;
    watch(connection);
    sender = connection.addTransceiver('audio', { direction: 'sendrecv' }).sender;
    await negotiate(connection, false);
    await sendTo(voice, line.speakerId);
    await setLive(live);
  } catch (error) {
    const words = (error as Error).message;
    const elsewhere = isElsewhere(error);
    closeLine();
    if (!elsewhere) line.problem = words;
    throw error;
  }
}

/** Called with every new state of the agent document. */
export function followState(state: AgentState): void {
  void setLive(state === 'ring' || state === 'talk').catch((e: Error) => (line.problem = e.message));
  if (state === 'ring' && !line.taken) {
    void sendTo(ringer, line.ringerId)
      .then(() => ringer.play())
      .catch(() => undefined); // the ring is also seen and announced; a silent ringer must not hide it
  } else {
    ringer.pause();
    ringer.currentTime = 0;
  }
}

export async function chooseMicrophone(id: string): Promise<void> {
  line.microphoneId = id;
  localStorage.setItem('hotlined.microphone', id);
  const old = microphone;
  microphone = await takeMicrophone();
  watchTrack();
  await setLive(live);
  old?.getTracks().forEach((track) => track.stop());
  if (meterContext) meter(microphone);
}
export async function chooseSpeaker(id: string): Promise<void> {
  line.speakerId = id;
  localStorage.setItem('hotlined.speaker', id);
  await sendTo(voice, id);
}
export async function chooseRinger(id: string): Promise<void> {
  line.ringerId = id;
  localStorage.setItem('hotlined.ringer', id);
  await sendTo(ringer, id);
}

/** `keepLock`: a new line follows at once. */
export function closeLine(keepLock = false): void {
  stopMeter();
  window.clearTimeout(retryTimer);
  ringer.pause();
  const old = pc;
  pc = null; // first: closing it is no reason to restart
  old?.close();
  sender = null;
  microphone?.getTracks().forEach((track) => track.stop());
  microphone = null;
  voice.srcObject = null;
  line.state = 'none';
  if (keepLock) return;
  giveLock?.();
  giveLock = null;
}

/** The daemon is there again after a restart; the line it had is not. */
export function checkLine(daemonState: string): void {
  if (line.state === 'up' && daemonState === 'none' && !negotiating) void keepLine();
}

window.addEventListener('online', () => void restart());
navigator.mediaDevices?.addEventListener('devicechange', () => void listDevices());
