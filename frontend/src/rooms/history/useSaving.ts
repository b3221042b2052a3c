// What is seen, as a file.
import { api } from '@/api';
import type { ExportFormat } from '@/api/types';
import { pictureOf, type PictureLine } from '@/kit/chartPicture';
import { saveFile } from '@/kit/saveFile';
import { useTask } from '@/kit/useTask';
import { wallOf, dayText } from '@/kit/zone';
import type { Shown } from './curvesOf';
import { tableText } from './table';
import { questionOf } from './useHistoryData';
import type { Seen } from './useSeen';

export interface Picture {
  canvas: HTMLCanvasElement;
  title: string;
  lines: PictureLine[];
  foot: string;
}

export function useSaving() {
  const saving = useTask(
    async (format: ExportFormat, shown: Shown[], { answered, visible }: Seen) => {
      const { asked, points } = answered;
      // The neighbours that came along for the next pull were not seen.
      const [from, to] = [Math.round(visible[0]), Math.round(Math.min(visible[1], asked.now))];
      const day = (at: number) => dayText(wallOf(at, asked.zone));
      const name = `history_${day(from)}_${day(to - 1)}`;
      if (format === 'csv' && shown.length > 1) {
        // The appliance writes one series to a file; what stands side by side goes into one table.
        const text = tableText(shown, points, from, to);
        const blob = new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' });
        return saveFile({ blob, name: `${name}.csv` });
      }
      for (const one of shown) {
        const question = questionOf(one.known, from, to, asked.step);
        const { blob } = await api.exportHistory({ ...question, format });
        const plain = one.name.normalize('NFD').replace(/[^\p{L}\p{N}]+/gu, '_');
        saveFile({ blob, name: `${name}_${plain}.${format === 'csv' ? 'csv' : 'xlsx'}` });
      }
    },
  );

  const picturing = useTask(async ({ canvas, title, lines, foot }: Picture) => {
    const blob = await pictureOf(canvas, title, lines, foot);
    if (!blob) throw new Error('no picture');
    saveFile({ blob, name: 'history.png' });
  });

  return { saving, picturing };
}
