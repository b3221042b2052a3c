import { merge, type Words } from './merge';

export default merge(import.meta.glob<Words>('./ar/*.json', { eager: true, import: 'default' }));
