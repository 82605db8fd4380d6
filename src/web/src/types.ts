/** Documents of docs/api.md as the pages read them. */
export interface Center { id: number; code: string; name: string; kind?: string }
export interface Me {
  user: { id: number; login: string; name: string; agent_no: string | null; team_id: number | null };
  center: Center;
  permissions: Record<string, string>;
  functions_off: string[]; // what the own center is without
  csrf_token: string;
  centers: Center[];
  is_agent: boolean;
}
export interface CodeName { code: string; name: string }
export interface Dictionaries {
  categories: CodeName[];
  problem_types: { id: number; parent_id: number | null; name: string }[];
  wrap_up_codes: CodeName[];
  methods: CodeName[];
  urgencies: CodeName[];
  busy_reasons: { id: number; name: string; kind: string }[];
  cities: CodeName[];
  queues: { id: number; center_id: number; name: string; code: string }[];
  hold_warn_s: number;
}
export type AgentState = 'signed_out' | 'ready' | 'busy' | 'rest' | 'ring' | 'talk' | 'acw';
export interface PathStep { menu: string; key: string; result: string; at_ms?: number; at?: string }
/** Who asks whom. */
export interface Consult {
  by_user_id: number; by_agent_no: string; by_name: string; user_id: number; agent_no: string; name: string;
  number: string; center_name: string; kind: 'consult' | 'help'; state: 'ringing' | 'talking' | 'joined'; since_ms: number | null;
}
/** Who passed a call on, and to whom; number: somebody outside. */
export interface Pass {
  by_user_id: number; by_agent_no: string; by_name: string; user_id: number; agent_no: string; name: string;
  number: string; center_name: string; state: 'ringing' | 'talking' | 'back';
}
/** Where a caller can be sent: a menu of the flow he came through (flow ""), or a flow of the center. */
export interface FlowTarget { flow: string; node: string; name: string }
export interface Colleague { user_id: number; agent_no: string; name: string; state: AgentState; line_up: boolean }
/** What another center passed on with the call. */
export interface Passed {
  global_call_id: string; center_id: number; center_name: string; agent_no: string; agent_name: string; note: string;
  path: PathStep[]; draft: Record<string, string> | null;
}
/** What the voice bot the caller was with has learnt. */
export interface LiveBot {
  rounds: number; result: string; intent: string; summary: string; slots: Record<string, string>;
  turns: { who: string; text: string; at_ms: number }[]; left_out: boolean;
}
export interface LiveCall {
  transfer?: Passed | null;
  call_id: string; direction: 'in' | 'out'; dialing: boolean; party_no: string; caller_no: string; caller_place: string; caller_city: string;
  called_no: string; center_id: number; center_name: string; queue_id: number; queue_name: string;
  source: string; info_source: string; unit_type: string; ivr_path: PathStep[];
  variables: Record<string, string>; began_ms: number; queued_ms: number | null; ring_ms: number | null;
  answered_ms: number | null; ended_ms: number | null; offer_reason: string; wrap_up_required: boolean;
  wrap_up_saved: boolean; wrap_up_deadline_ms: number | null; line_away: boolean;
  held_since_ms: number | null; muted: boolean; consult: Consult | null; consult_failed: string | null; pass: Pass | null; leader: { mode: 'whisper' | 'barge'; name: string } | null;
  survey: boolean; flow: { target: string; since_ms: number } | null; recording: LiveRecording | null;
  handed?: { agent_no: string; name: string; draft: Record<string, unknown> } | null;
  bot?: LiveBot | null;
}
/** How it stands with the recording of a talk, and what its agent may do about it. */
export interface LiveRecording { rule: 'always' | 'on_demand' | 'never'; state: 'on' | 'paused' | 'off' | 'failed'; may_pause: boolean; resumes_ms: number | null }
export interface Agent {
  signed_in: boolean; user_id: number; agent_no: string; name: string; state: AgentState;
  reason_id?: number; reason?: string; since_ms?: number; next_state?: string | null;
  line: { kind: 'browser' | 'phone'; state: 'none' | 'connecting' | 'up' | 'lost' };
  answered?: number; call: LiveCall | null; watch: Watch | null; now_ms: number;
}
/** A leader beside an agent's call. */
export interface Watch {
  mode: 'listen' | 'whisper' | 'barge'; user_id: number; agent_no: string; name: string; center_name: string; call_id: string;
  party_no: string; since_ms: number; muted: boolean;
}
export interface Seat {
  center_id: number; user_id: number; agent_no: string; name: string; team_id: number; state: AgentState;
  reason: string; since_ms: number; line_state: string; answered: number; queues: number[];
  watches: number;
  call: { direction: 'in' | 'out'; call_id: string; party_no: string; queue_name: string; answered_ms: number | null } | null;
}
export interface QueueView {
  center_id: number; queue_id: number; name: string; waiting: number; oldest_ms: number | null;
  signed_in: number; available: number;
}
export interface WaitingCall {
  call_id: string; caller_no: string; queue_id: number; queue_name: string; since_ms: number;
  priority: number; position: number; ringing: string | null;
}
export type Figures = Record<string, number | string | null>;
export interface Today { slots?: { t: string; in: number; ans: number }[]; as_of_ms?: number; [id: string]: unknown }
export interface WallCenter {
  center_id: number; name: string; queues: QueueView[]; seats: Seat[]; waiting: WaitingCall[]; today: Today;
}
export interface CallItem {
  call_id: string; center_id: number; center_name: string; direction: 'in' | 'out'; source: string; unit_type: string; party_no: string; caller_no: string;
  caller_place: string; called_no: string; t_in: string; t_end: string | null; queue_name: string | null;
  agent_no: string | null; agent_name: string | null; wait_ms: number | null; talk_ms: number | null;
  outcome: string; end_reason: string | null; has_recording: boolean; transferred: boolean; record_no: string | null;
  record_id: string | null; wrap_up_code: string | null; wrap_up_name: string | null;
}
export interface Recording {
  recording_id: string; length_ms: number; size: number; sha256: string; state: string; left: string; right: string;
  started_at: string; error: string | null;
}
export interface Offer { agent_no: string; agent_name: string; t_ring: string; ring_ms: number | null; outcome: string; reason: string }
export interface Visit { queue_name: string; t_q_in: string; t_q_out: string | null; wait_ms: number | null; outcome: string | null }
export interface Talk {
  agent_no: string; agent_name: string; kind: string; t_ans: string; t_rel: string | null; talk_ms: number | null; released_by: string | null;
  passed_to: 'queue' | 'agent' | 'outside' | null; passed_name: string | null;
}
export interface Hold { agent_no: string; agent_name: string; t_start: string; t_end: string | null; hold_ms: number | null }
/** Somebody outside who was called during a call. */
export interface OutsideLeg {
  purpose: string; agent_no: string; agent_name: string; number: string; t_start: string; t_ans: string | null; t_end: string; talk_ms: number; outcome: string; released_by: string;
  joined: boolean; passed: boolean; to_center: string; bot_result: string | null; bot_rounds: number | null; bot_intent: string | null;
}
/** A talk with a voice bot; none is told to whom its center does not share it with. */
export interface BotSession {
  session_id: string; t_start: string; result: string; rounds: number; intent: string; summary: string;
  slots: { name: string; value: string }[]; turns: { who: string; text: string; at: string }[];
}
/** What a leader did with a call or who waited. */
export interface LeaderAction {
  at: string; action: string; by_name: string; by_center: string; agent_no: string; agent_name: string; mode: string | null; seconds: number | null;
  to: string | null; to_name: string | null; reason: string;
}
export interface LinkedCall { call_id: string; center_name: string; t_in: string; outcome: string }
export interface Quality {
  party: string; transport: string; packets_sent: number; packets_received: number; packets_lost: number; jitter_us: number | null;
  round_trip_us: number | null; mos: number | null;
}
export interface IvrTransfer { agent_no: string; agent_name: string; mode: string; target: string; t_start: string; t_end: string | null; result: string | null }
export interface Surveyed { agent_no: string; agent_name: string; queue_name: string; channel: 'voice' | 'sms'; asked_at: string; level: number | null; name: string }
export interface CallDetail extends CallItem {
  ivr_transfers: IvrTransfer[]; surveys: Surveyed[]; holds: Hold[]; outside_legs: OutsideLeg[]; bot_sessions: BotSession[]; leader_actions: LeaderAction[]; linked: LinkedCall[];
  from_center: string; from_agent_no: string;
  ivr_path: PathStep[]; queue_visits: Visit[]; offers: Offer[]; talks: Talk[]; recordings: Recording[]; quality: Quality[];
  recording_gaps: { from: string; to: string; ms: number; by: 'agent' | 'limit' | 'end'; agent_no: string; agent_name: string }[];
  tickets: { ticket_id: string; ticket_no: string; state: string }[]; unrecorded: { why: string; at: string }[]; door_refusals: { queue_name: string; at: string; cause: string }[];
}
export interface Page<T> { items: T[]; next: string | null }
export interface History {
  place: { province: string; city: string; city_code: string } | null;
  calls: CallItem[];
  records: { id: string; record_no: string; created_at: string; category_name: string; title: string; state: string }[];
}
/** A message a caller left. */
export interface Voicemail {
  voicemail_id: string; center_id: number; center_name: string; call_id: string; scene: string; caller_no: string; caller_place: string; menu_path: string;
  left_at: string; length_ms: number | null; state: string; assigned_to: number | null; agent_no: string; agent_name: string; assigned_at: string | null;
  taken_at: string | null; finished_at: string | null; called_back_at: string | null; record_no: string | null; record_state: string | null; note: string; version: number;
}
export interface VoicemailDetail extends Voicemail {
  record_id: string; caller_city: string; speech_ms: number | null; recording_state: string; recognition: 'none' | 'off' | 'on';
  transcript: { state: 'waiting' | 'done' | 'failed'; text: string | null; engine: string; confidence: number | null; made_at: string | null; tries: number; reason: string; next_at: string | null } | null;
  steps: { at: string; state: string; by: string; target: string; note: string }[];
}
export interface VoicemailSettings {
  center_id: number; enabled: boolean; off_prompt: string; quota_mb: number; used_bytes: number; assign_rule: string; assign_group_id: number | null; version: number; transcribe: boolean; has_engine: boolean;
  scenes: { scene: string; enabled: boolean; prompt: string }[]; groups: { id: number; name: string }[]; prompts: { code: string; name: string }[];
}
export interface Ticket {
  ticket_id: string; ticket_no: string; center_id: number; center_name: string; title: string; state: string; info_source: string; unit_type: string; channel: string;
  category: string; category_name: string; problem_type_name: string; urgency: string; urgency_name: string; due_at: string | null; holder_id: number | null; holder: string;
  team_id: number | null; team_name: string; created_by: number; created_by_name: string; created_at: string; accepted_at: string | null; finished_at: string | null; result: string;
  record_id: string; record_no: string; caller_no: string; caller_name: string; version: number;
}
export interface TicketPage extends Page<Ticket> { counts: Record<string, number> | null }
export interface TicketDetail extends Ticket {
  record: { id: string; record_no: string; title: string; content: string; answer: string; taxpayer_name: string; taxpayer_no: string; state: string; created_at: string; created_by_name: string };
  calls: { call_id: string; kind: string; direction: 'in' | 'out'; t_in: string; party_no: string; agent_no: string; agent_name: string; talk_ms: number | null; outcome: string; end_reason: string | null;
    recordings: { recording_id: string; length_ms: number; state: string; left: string; right: string; started_at: string }[] }[];
  hops: { seq: number; at: string; action: string; state: string; by: string; from: string; from_team: string; to: string; to_team: string; opinion: string }[];
}
export interface TicketChoices { people: { id: number; agent_no: string; name: string; team_id: number | null }[]; teams: { id: number; name: string; district: string }[] }
/** A caller to be called back. */
export interface Callback {
  callback_id: string; center_id: number; center_name: string; number: string; place: string; queue_id: number | null; queue_name: string; source: string;
  first_at: string; last_at: string; waits: number; wait_ms: number; call_id: string; state: string; attempts: number; next_at: string; due: boolean; expires_at: string;
  agent_no: string; agent_name: string; outcome: string; finished_at: string | null; note: string;
  history: { at: string; agent_no: string; agent_name: string; outcome: string; call_id: string }[];
}
export interface CallbackSettings {
  center_id: number; max_attempts: number; retry_minutes: number; expire_hours: number; version: number; queues: { id: number; name: string; callback: boolean }[];
}
