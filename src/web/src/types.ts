/** Documents of docs/api.md as the pages read them. */
export interface Center { id: number; code: string; name: string; kind?: string }
export interface Me {
  user: { id: number; login: string; name: string; agent_no: string | null; team_id: number | null };
  center: Center;
  permissions: Record<string, string>;
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
}
export type AgentState = 'signed_out' | 'ready' | 'busy' | 'rest' | 'ring' | 'talk' | 'acw';
export interface PathStep { menu: string; key: string; result: string; at_ms?: number; at?: string }
/** Who asks whom. */
export interface Consult {
  by_user_id: number; by_agent_no: string; by_name: string; user_id: number; agent_no: string; name: string;
  state: 'ringing' | 'talking' | 'joined'; since_ms: number | null;
}
export interface Colleague { user_id: number; agent_no: string; name: string; state: AgentState; line_up: boolean }
export interface LiveCall {
  call_id: string; direction: 'in' | 'out'; dialing: boolean; party_no: string; caller_no: string; caller_place: string; caller_city: string;
  called_no: string; center_id: number; center_name: string; queue_id: number; queue_name: string;
  source: string; info_source: string; unit_type: string; ivr_path: PathStep[];
  variables: Record<string, string>; began_ms: number; queued_ms: number | null; ring_ms: number | null;
  answered_ms: number | null; ended_ms: number | null; offer_reason: string; wrap_up_required: boolean;
  wrap_up_saved: boolean; wrap_up_deadline_ms: number | null; line_away: boolean;
  held_since_ms: number | null; muted: boolean; consult: Consult | null;
}
export interface Agent {
  signed_in: boolean; user_id: number; agent_no: string; name: string; state: AgentState;
  reason_id?: number; reason?: string; since_ms?: number; next_state?: string | null;
  line: { kind: 'browser' | 'phone'; state: 'none' | 'connecting' | 'up' | 'lost' };
  answered?: number; call: LiveCall | null; now_ms: number;
}
export interface Seat {
  center_id: number; user_id: number; agent_no: string; name: string; team_id: number; state: AgentState;
  reason: string; since_ms: number; line_state: string; answered: number; queues: number[];
  call: { direction: 'in' | 'out'; party_no: string; queue_name: string; answered_ms: number | null } | null;
}
export interface QueueView {
  center_id: number; queue_id: number; name: string; waiting: number; oldest_ms: number | null;
  signed_in: number; available: number;
}
export interface WaitingCall {
  call_id: string; caller_no: string; queue_id: number; queue_name: string; since_ms: number;
  priority: number; ringing: string | null;
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
export interface Talk { agent_no: string; agent_name: string; t_ans: string; t_rel: string | null; talk_ms: number | null; released_by: string | null }
export interface Quality {
  party: string; transport: string; packets_sent: number; packets_received: number; packets_lost: number; jitter_us: number | null;
  round_trip_us: number | null; mos: number | null;
}
export interface CallDetail extends CallItem {
  ivr_path: PathStep[]; queue_visits: Visit[]; offers: Offer[]; talks: Talk[]; recordings: Recording[]; quality: Quality[];
  unrecorded: { why: string; at: string }[]; door_refusals: { queue_name: string; at: string; cause: string }[];
}
export interface Page<T> { items: T[]; next: string | null }
export interface History {
  place: { province: string; city: string; city_code: string } | null;
  calls: CallItem[];
  records: { id: string; record_no: string; created_at: string; category_name: string; title: string; state: string }[];
}
