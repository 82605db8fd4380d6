/** How what a voice bot reports reads in Chinese. */
export const botResultWords: Record<string, string> = { human: '转人工', done: '自助解决', silent: '无声音', abandoned: '来电人放弃', failed: '未接通' };
/** Names of slots that bots use; others are shown as they are. */
const slotNames: Record<string, string> = {
  taxpayer_no: '纳税人识别号', taxpayer_name: '纳税人名称', caller_name: '联系人', period: '所属期', tax_type: '税种', form: '申报表', invoice_no: '发票号码', amount: '金额', city: '城市', topic: '事项',
};
export const slotName = (name: string): string => slotNames[name] ?? name;
