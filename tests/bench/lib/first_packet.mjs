export async function firstPacket() { return {}; }
