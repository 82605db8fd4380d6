export const addRatios = () => {}; export const table = () => '';
