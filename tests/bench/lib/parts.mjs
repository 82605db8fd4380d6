// The parts of the bench by name, in the order in which they are measured.
import { answerAudio } from './answer_audio.mjs';
import { answerPage } from './answer_page.mjs';
import { bare } from './bare.mjs';
import { botHouse } from './bot_house.mjs';
import { decision } from './decision.mjs';
import { facts } from './facts.mjs';
import { firstPacket } from './first_packet.mjs';
import { fullHouse } from './full_house.mjs';
import { gone } from './gone.mjs';
import { idleLines } from './idle_lines.mjs';
import { knowledge } from './knowledge.mjs';
import { memory } from './memory.mjs';
import { overload } from './overload.mjs';
import { queueRate, queueRateRtp } from './queue_rate.mjs';
import { reaction } from './reaction.mjs';
import { restart } from './restart.mjs';
import { saveRegistration } from './save.mjs';
import { signInPage } from './sign_in_page.mjs';
import { recordedTalks } from './recorded_talks.mjs';
import { talks } from './talks.mjs';
import { wall } from './wall.mjs';

export const PARTS = {
  bare, facts, queue_rate: queueRate, overload, queue_rate_rtp: queueRateRtp, recorded_talks: recordedTalks, memory, first_packet: firstPacket,
  answer_audio: answerAudio, answer_page: answerPage, reaction, decision, wall, save: saveRegistration,
  restart, idle_lines: idleLines, memory_gone: gone, talks, sign_in_page: signInPage, full_house: fullHouse, bot_house: botHouse, knowledge,
};

// Asked for by name only, to keep the rest short: five minutes of calls alone, ten of a full house and of talks with bots,
// a second rate, 100,000 texts to be indexed, and a load for make profile.
const BY_NAME = ['memory_gone', 'full_house', 'bot_house', 'queue_rate_rtp', 'knowledge', 'talks'];
// What "make bench" measures when nothing is named.
export const USUAL = Object.keys(PARTS).filter((name) => !BY_NAME.includes(name));
